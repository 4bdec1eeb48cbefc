import { resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import pg from 'pg'
import { markReady, openPgData, prepareDataDir } from './data-dir.js'
import { embeddedError } from './errors.js'
import { acquireLock, type Lock } from './lock.js'
import { createPGliteStream } from './pglite-stream.js'

export interface EmbeddedOptions {
  /** A directory of its own for the database, made if missing. Left out: in memory, gone with the pool. */
  dataDir?: string
}

/** A `pg.Pool` of exactly one connection, to a Postgres in this process. */
export interface EmbeddedPool extends pg.Pool {
  /** The absolute path of the data directory; null in memory. */
  readonly dataDir: string | null
}

async function openDatabase(dataDir: string | null): Promise<PGlite> {
  const extensions = { vector }
  if (dataDir === null) return PGlite.create({ extensions })
  try {
    const db = await PGlite.create({ dataDir: openPgData(dataDir), extensions, relaxedDurability: false })
    markReady(dataDir)
    return db
  } catch (cause) {
    if (cause instanceof Error && 'fix' in cause) throw cause
    throw embeddedError('EMBEDDED.DATA_DIR_INVALID', 'The embedded database could not be opened.', {
      fix: 'See `cause`. If the files are damaged, restore the directory from a backup.',
      meta: { dataDir },
      cause,
    })
  }
}

/**
 * Opens a PostgreSQL with pgvector in this process (PGlite, WebAssembly) as an ordinary pool: no server, no port.
 *
 * The pool has one connection: PGlite is one session. A directory is locked against a second opener, and every
 * acknowledged write survives a kill of the process. `end()` closes the database and gives the directory free.
 *
 * @throws `EMBEDDED.LOCKED` naming the holder, `EMBEDDED.DATA_DIR_INVALID`
 * @example
 * const pool = await createEmbeddedPool({ dataDir: './data' })
 * await pool.query('create extension if not exists vector')
 */
export async function createEmbeddedPool(options: EmbeddedOptions = {}): Promise<EmbeddedPool> {
  const dataDir = options.dataDir === undefined ? null : resolve(options.dataDir)
  let lock: Lock | undefined
  if (dataDir !== null) {
    prepareDataDir(dataDir)
    lock = acquireLock(dataDir)
  }
  const release = () => lock?.release()
  let db: PGlite
  try {
    db = await openDatabase(dataDir)
  } catch (error) {
    release()
    throw error
  }
  // A process that forgets end() leaves no lock behind; one that is killed leaves one that is known to be dead.
  process.once('exit', release)

  // A client that the pool discards leaves its transaction and its prepared statements in PGlite's one session.
  let used = false
  const renew = async () => {
    if (used) {
      await db.exec('rollback')
      await db.exec('discard all')
    }
    used = true
  }
  const pool = new pg.Pool({
    user: 'postgres',
    database: 'postgres',
    password: '',
    ssl: false,
    max: 1,
    idleTimeoutMillis: 0,
    stream: () => createPGliteStream(db, renew) as never,
  })
  pool.on('error', () => {})

  const endPool = pool.end.bind(pool) as () => Promise<void>
  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= (async () => {
      await endPool()
      await db.close()
      release()
      process.removeListener('exit', release)
    })()
    return ending
  }
  return Object.assign(pool, { dataDir, end }) as EmbeddedPool
}
