import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'

export type Task = 'hold' | 'write' | 'forget' | 'abandon' | 'exit' | 'throw' | 'own handler' | 'many pools'

export interface Child {
  readonly process: ChildProcess
  /** What it has printed so far. */
  readonly lines: string[]
  /** Resolves with its first line. */
  readonly first: Promise<string>
  /** Resolves with its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
}

/** Opens `dataDir` in a process of its own. Needs the package built. */
export function startChild(dataDir: string, task: Task): Child {
  const path = fileURLToPath(new URL('child.mjs', import.meta.url))
  const child = spawn(process.execPath, [path, dataDir, task], {
    stdio: ['ignore', 'pipe', task === 'throw' ? 'ignore' : 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  const first = new Promise<string>((resolve) => reader.once('line', resolve))
  reader.on('line', (line) => lines.push(line))
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  return { process: child, lines, first, exited }
}

/** The path of a directory that is not there yet, and how to remove it. */
export function temporaryDirectory(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'funes-embedded-'))
  return { dir: join(dir, 'db'), remove: () => rmSync(dir, { recursive: true, force: true }) }
}

/** A directory with an empty database, and how to remove it. */
export function preparedDirectory(): { dir: string; remove: () => void } {
  const { dir, remove } = temporaryDirectory()
  cpSync(inject('preparedDir'), dir, { recursive: true })
  return { dir, remove }
}
