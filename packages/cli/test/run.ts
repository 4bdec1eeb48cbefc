import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const PROGRAM = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Of this process's environment nothing that would name a database, an embedder or a colour. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const mine = /^(FUNES_|DATABASE_URL$|PG|NODE_OPTIONS$|FORCE_COLOR$|NO_COLOR$|CI$|VITEST)/
  const kept = Object.entries(process.env).filter(([name]) => !mine.test(name))
  return { ...Object.fromEntries(kept), ...more }
}

export interface Start {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** What stdin holds; nothing unless given. `null` leaves it open. */
  input?: string | null
  program?: string
}

/** Starts the program as a shell would, with pipes in place of a terminal. */
export function start(args: readonly string[], options: Start = {}) {
  const { cwd, env = {}, input = '', program = PROGRAM } = options
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    env: environment(env),
    ...(cwd !== undefined && { cwd }),
  })
  const ran = { code: null as number | null, stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    ran.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    ran.stderr += chunk
  })
  if (input !== null) child.stdin?.end(input)
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ ...ran, code }))
  })
  return { child, ended, ran }
}

export const run = (args: readonly string[], options?: Start): Promise<Ran> => start(args, options).ended

/** The one document that a run with `--json` printed. */
export function answer<T>(ran: Ran): T {
  if (ran.stdout === '') throw new Error(`No answer, but on stderr: ${ran.stderr}`)
  return JSON.parse(ran.stdout) as T
}

/** What a run with `--json` said was wrong. */
export function complaint(ran: Ran): { code: string; message: string; fix: string; exitCode: number } {
  const line = ran.stderr.split('\n').find((text) => text.startsWith('{"error"'))
  if (line === undefined) throw new Error(`No complaint, but: ${ran.stderr}`)
  return (JSON.parse(line) as { error: ReturnType<typeof complaint> }).error
}
