import { exitCodeOf } from './exit-codes.js'
import { isFault } from './fault.js'
import type { Screen } from './screen/screen.js'

/** What to type, where the library's own advice names a function. */
const COMMANDS: Readonly<Record<string, string>> = {
  'DB.NOT_MIGRATED': 'Run `funes migrate`.',
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
}

function complaintOf(error: unknown): Complaint {
  if (!isFault(error)) {
    // A fault of this program: where it arose is all that there is to go by.
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { message, exitCode: exitCodeOf(undefined) }
  }
  const { code, message, meta } = error
  const cause = isFault(error.cause) && code === 'EMBEDDING.FAILED' ? error.cause : undefined
  return {
    code,
    message: cause === undefined ? message : `${message} ${cause.message}`,
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
    screen.sayJson({ error: complaint })
    return exitCode
  }
  screen.say(`${screen.paint('red', 'error:')} ${message}`)
  if (fix !== undefined) screen.say(`  ${fix}`)
  if (code !== undefined) screen.say(screen.paint('dim', `  [${code}]`))
  return exitCode
}
