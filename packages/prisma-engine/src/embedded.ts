import type pg from 'pg'
import { knownError } from './known-error.js'

/** The CLI starts an engine while the one before it may still be closing: a lock is worth a short wait. */
const LOCK_PATIENCE_MS = 10_000
const LOCK_RETRY_MS = 100

// PGlite is loaded only when it is wanted: much of what is asked of an engine on a server goes without.
const load = () => import('@funes/embedded')

/** A database in memory. */
export async function openMemoryPool(): Promise<pg.Pool> {
  const { createEmbeddedPool } = await load()
  return createEmbeddedPool()
}

/** @throws EMBEDDED.LOCKED, EMBEDDED.DATA_DIR_INVALID */
export async function openDataDir(dataDir: string): Promise<pg.Pool> {
  const { createEmbeddedPool } = await load()
  const deadline = Date.now() + LOCK_PATIENCE_MS
  for (;;) {
    try {
      return await createEmbeddedPool({ dataDir })
    } catch (error) {
      const { code, message, fix } = error as { code?: string; message: string; fix?: string }
      if (code?.startsWith('EMBEDDED.') !== true) throw error
      if (code !== 'EMBEDDED.LOCKED' || Date.now() > deadline) {
        throw knownError(code, fix === undefined ? message : `${message}\n\n${fix}`, { dataDir })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS))
  }
}
