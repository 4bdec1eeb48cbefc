import { styleText } from 'node:util'
import { type Redact, redactJson } from '../redact.js'
import { harmless, truncate } from './text-width.js'

export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Where the program writes: results to stdout, all else to stderr. */
export interface Screen {
  /** Columns a line of a result may take; Infinity where it goes into a file or a pipe. */
  readonly width: number
  /** Columns of help and messages. */
  readonly textWidth: number
  /** Whether lines on stderr can be drawn over. */
  readonly canRedraw: boolean
  print(text: string): void
  /** Whether messages are for a program, which wants a failure as one line and nothing beside it. */
  readonly isForProgram: boolean
  /** A message; passwords are taken out of it. For a program it is held back until all is done. */
  say(text: string): void
  /** What is held back, once: of a failure it becomes a part. */
  takeHeld(): readonly string[]
  /** Says what is held back. */
  sayHeld(): void
  /** A message for programs, as one line of JSON. */
  sayJson(value: unknown): void
  /** Replaces the last line of stderr. Only where `canRedraw`. */
  redraw(text: string): void
  paint(style: 'bold' | 'dim' | 'red' | 'yellow' | 'green', text: string): string
}

const READABLE = 100

export function createScreen(
  { stdout, stderr, env }: { stdout: Stream; stderr: Stream; env: NodeJS.ProcessEnv },
  redact: Redact,
  isForProgram = false,
): Screen {
  const held: string[] = []
  const takeHeld = () => held.splice(0)
  const write = (text: string) => void stderr.write(`${redact(text)}\n`)
  const isDumb = env.TERM === 'dumb'
  const canRedraw = stderr.isTTY === true && !isDumb
  const hasColor = canRedraw && !env.NO_COLOR
  const columns = stderr.columns ?? 80
  return {
    width: stdout.isTTY === true ? Math.max(20, stdout.columns ?? 80) : Number.POSITIVE_INFINITY,
    textWidth: Math.max(40, Math.min(READABLE, stdout.isTTY === true ? (stdout.columns ?? 80) : READABLE)),
    canRedraw,
    print: (text) => void stdout.write(`${text}\n`),
    isForProgram,
    say: (text) => (isForProgram ? void held.push(text) : write(text)),
    takeHeld,
    sayHeld: () => takeHeld().forEach(write),
    sayJson: (value) => void stderr.write(`${JSON.stringify(redactJson(value, redact))}\n`),
    redraw: (text) => void stderr.write(`\r\u001b[2K${truncate(harmless(redact(text)), columns - 1)}`),
    paint: (style, text) => (hasColor ? styleText(style, text) : text),
  }
}
