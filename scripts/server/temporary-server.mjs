import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCluster } from './cluster.mjs'

const GUARD = fileURLToPath(new URL('guard.mjs', import.meta.url))

/**
 * Starts a server on a new cluster that lives no longer than this process: a guard process removes both as soon
 * as `stop()` is called or this process is gone, however it ended.
 * Returns what `createCluster` returns, with `stop()`.
 */
export async function startTemporaryServer({ binaries, fast }) {
  const dir = mkdtempSync(join(tmpdir(), 'funes-postgres-'))
  // Detached: a Ctrl-C in the terminal must not end the guard before it has cleaned up.
  const guard = spawn(process.execPath, [GUARD, dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const gone = new Promise((resolve, reject) => guard.on('exit', resolve).on('error', reject))
  const stop = async () => {
    guard.stdin.end()
    await gone
  }
  try {
    return { ...(await createCluster({ dir, binaries, fast })), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
