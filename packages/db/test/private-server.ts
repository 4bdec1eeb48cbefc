import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { whyAbsent } from './at-hand.js'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('../../../scripts/postgres.mjs', import.meta.url))

/** A server of a test's own, which it may stop and start. */
export interface PrivateServer {
  readonly url: string
  /** @param how as pg_ctl has it: `immediate` is a crash */
  stop(how?: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** Starts one, or says why that cannot be done here. */
export async function startPrivateServer(): Promise<PrivateServer | string> {
  if (!existsSync(SCRIPT)) return whyAbsent('scripts/postgres.mjs', false) as string
  // Not inside of a folder of this account's: the server may run under another.
  const dir = mkdtempSync(join(tmpdir(), 'funes-fault-'))
  const call = async (...args: string[]) =>
    (await run(process.execPath, [SCRIPT, ...args, '--dir', dir])).stdout
  try {
    const url = (await call('start')).trim()
    return {
      url,
      stop: async (how = 'fast') =>
        void (await call('stop', '--keep', ...(how === 'immediate' ? ['--immediate'] : []))),
      start: async () => void (await call('start')),
      remove: async () => void (await call('stop')),
    }
  } catch (error) {
    return whyAbsent(`a server that may be restarted (${(error as Error).message})`, false) as string
  }
}
