import { PassThrough, Readable, Writable } from 'node:stream'
import { main } from '../src/main.js'
import type { Io } from '../src/session.js'
import { environment, type Ran } from './run.js'

function collector(isTerminal: boolean) {
  const collected = { text: '' }
  const stream = new Writable({
    write(chunk, _encoding, done) {
      collected.text += chunk
      done()
    },
  })
  return Object.assign(stream, { collected, isTTY: isTerminal, columns: 100 })
}

/** Where the program runs, and who sits there. */
export interface Place {
  env?: NodeJS.ProcessEnv
  /** What stdin holds. */
  input?: string
  /** Somebody at a terminal, and what they answer when they are asked. */
  answer?: string
}

/**
 * Runs a command line in this process, from the sources: what the program does, without starting Node for it. What it prints and
 * ends with is what the program's own process would.
 */
export async function runHere(
  args: readonly string[],
  { env = {}, input = '', answer }: Place = {},
): Promise<Ran> {
  const isTerminal = answer !== undefined
  const [stdout, stderr] = [collector(false), collector(isTerminal)]
  const stdin = isTerminal ? Object.assign(new PassThrough(), { isTTY: true }) : Readable.from([input])
  if (isTerminal) (stdin as PassThrough).write(answer)
  const io = { stdin, stdout, stderr, env: environment(env) } as unknown as Io
  const interruption = {
    signal: new AbortController().signal,
    exitCode: undefined,
    interrupt: () => {},
    end: () => {},
    isOver: false,
  }
  const code = await main(args, io, interruption)
  return { code, stdout: stdout.collected.text, stderr: stderr.collected.text }
}
