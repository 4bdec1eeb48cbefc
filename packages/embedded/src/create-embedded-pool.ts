import { atExit } from './at-exit.js'
import { prepareDataDir } from './data-dir.js'
import { createPool, type EmbeddedPool } from './embedded-pool.js'
import { createEngine, type Engine } from './engine.js'
import { embeddedError, isEmbeddedError } from './errors.js'
import { acquireLock, type Lock } from './lock.js'

export interface EmbeddedOptions {
  /** A directory of its own for the database, made if missing. Left out: in memory, gone with the pool. */
  dataDir?: string
}

async function lockDirectory(dataDir: string): Promise<Lock> {
  try {
    return await acquireLock(dataDir)
  } catch (cause) {
    if (isEmbeddedError(cause)) throw cause
    throw embeddedError('EMBEDDED.DATA_DIR_INVALID', `${dataDir} cannot be locked.`, {
      fix: 'Name a directory on a local disk with room left, of a file system that knows hard links.',
      meta: { dataDir },
      cause,
    })
  }
}

/**
 * Opens a PostgreSQL with pgvector in this process (PGlite, WebAssembly) as an ordinary pool: no server, no
 * port.
 *
 * The pool has one connection: PGlite is one session. A directory is locked against a second opener, and
 * every acknowledged write survives a kill of the process. `end()` waits for the queries asked for before
 * it, closes the database and gives the directory free; it may be called again.
 *
 * @throws `EMBEDDED.LOCKED` with `meta: { dataDir, pid, host, since }` naming the holder,
 *   `EMBEDDED.DATA_DIR_INVALID`, `EMBEDDED.START_FAILED`
 * @example
 * const pool = await createEmbeddedPool({ dataDir: './data' })
 * await pool.query('create extension if not exists vector')
 */
export async function createEmbeddedPool(options: EmbeddedOptions = {}): Promise<EmbeddedPool> {
  const dataDir = options.dataDir === undefined ? null : prepareDataDir(options.dataDir)
  const lock = dataDir === null ? undefined : await lockDirectory(dataDir)
  const forget = lock && atExit(() => lock.release())
  const release = () => {
    forget?.()
    lock?.release()
  }
  let engine: Engine
  try {
    engine = await createEngine(dataDir)
  } catch (error) {
    release()
    throw error
  }
  return createPool(engine, dataDir, async () => {
    try {
      await engine.close()
    } finally {
      release()
    }
  })
}
