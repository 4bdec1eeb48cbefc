import { exitCodeOf } from './exit-codes.js'
import { type Fault, isFault } from './fault.js'
import type { Screen } from './screen/screen.js'

/** What to type, where the library's own advice names a function. */
const COMMANDS: Readonly<Record<string, string>> = {
  'ARCHIVE.IO': 'Check the path, the rights and the room that is left.',
  'DB.NOT_MIGRATED': 'Run `funes migrate`.',
  'DB.QUERY_FAILED': '`funes doctor` may name the reason.',
  'EMBEDDING.REQUIRED': 'Give --embedder <name> or --embedding <file>.',
  'MODEL.NOT_FOUND': '`funes models list` names those that there are; `funes models register` adds one.',
  'MODEL.IN_USE': 'Go over to another model first: `funes models activate` or `funes reembed`.',
  'EMBEDDING.DIMENSION_MISMATCH':
    'Name the model that the vector was made for with --model: `funes models list` tells their dimensions.',
}

interface Complaint {
  readonly code?: string
  readonly message: string
  readonly fix?: string
  readonly meta?: unknown
  readonly exitCode: number
  /** What there was to say before it failed. */
  readonly notes?: readonly string[]
}

/** What says itself only that something was refused, and why in its cause. */
const WITH_CAUSE = new Set(['ARCHIVE.IO', 'DB.QUERY_FAILED', 'DB.TLS_FAILED', 'EMBEDDING.FAILED'])

/** The message, and behind it the reason where that is somebody else's. */
function messageOf({ code, message, cause }: Fault): string {
  if (!WITH_CAUSE.has(code) || !(cause instanceof Error) || cause.message === '') return message
  return code === 'EMBEDDING.FAILED' && !isFault(cause) ? message : `${message} ${cause.message}`
}

function complaintOf(error: unknown): Complaint {
  if (!isFault(error)) {
    // A fault of this program: where it arose is all that there is to go by.
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { message, exitCode: exitCodeOf(undefined) }
  }
  const { code, meta } = error
  const cause = isFault(error.cause) && code === 'EMBEDDING.FAILED' ? error.cause : undefined
  return {
    code,
    message: messageOf(error),
    fix: cause?.fix ?? COMMANDS[code] ?? error.fix,
    ...(meta !== undefined && Object.keys(meta).length > 0 && { meta }),
    exitCode: exitCodeOf(code),
  }
}

/** Says on stderr what went wrong and what to do, with `--json` as one line of JSON. Answers with the exit code. */
export function report(error: unknown, screen: Screen, asJson: boolean): number {
  const complaint = complaintOf(error)
  const { code, message, fix, exitCode } = complaint
  if (asJson) {
    const notes = screen.takeHeld()
    screen.sayJson({ error: { ...complaint, ...(notes.length > 0 && { notes }) } })
    return exitCode
  }
  screen.say(`${screen.paint('red', 'error:')} ${message}`)
  if (fix !== undefined) screen.say(`  ${fix}`)
  if (code !== undefined) screen.say(screen.paint('dim', `  [${code}]`))
  return exitCode
}
