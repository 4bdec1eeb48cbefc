import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { markReady, openPgData } from './data-dir.js'
import { embeddedError, isEmbeddedError } from './errors.js'
import { preparedCluster } from './prepared-cluster.js'

const START_PARAMS = [
  ...PGlite.defaultStartParams,
  // As on a server: PGlite's own defaults leave out "$user" and let anybody alter system tables.
  '-c',
  'search_path="$user", public',
  '-c',
  'allow_system_table_mods=off',
  // PostgreSQL measures only its own stack. JavaScript's, on which the WebAssembly runs as well, is 1 MB and
  // overflows before the default of 2 MB is reached; that is not an error of one statement but the end of
  // the database.
  '-c',
  'max_stack_depth=100kB',
  // After a crash PostgreSQL would set a timer that reports progress, and set it again for ever: no process
  // that once recovered a database could end by itself.
  '-c',
  'log_startup_progress_interval=0',
]

/**
 * How PostgreSQL reports an error, inside PGlite: it leaves the main loop with this status and comes back.
 */
const ORDINARY_ERROR = 100

/**
 * Makes a fatal end of the session known. PGlite takes every exception out of the main loop for an ordinary
 * error and calls the loop again; after a PANIC, or when the stack has overflowed, it would do so for ever.
 */
function stopAtFatal(db: PGlite): void {
  const module = db.Module
  const { _PostgresMainLoopOnce: loopOnce, stackRestore } = module
  let fatal: { cause: unknown } | undefined
  module._PostgresMainLoopOnce = () => {
    try {
      loopOnce()
    } catch (error) {
      if ((error as { status?: number }).status !== ORDINARY_ERROR) fatal = { cause: error }
      throw error
    }
  }
  module.stackRestore = (pointer) => {
    if (fatal) throw fatal.cause
    return stackRestore(pointer)
  }
}

/** Emscripten writes a program's exit status into the host's. */
export async function keepingExitCode<T>(action: () => Promise<T>): Promise<T> {
  const before = process.exitCode
  try {
    return await action()
  } finally {
    if (process.exitCode !== before) process.exitCode = before
  }
}

/**
 * Starts PostgreSQL on a directory whose lock is held, or in memory.
 *
 * @throws `EMBEDDED.DATA_DIR_INVALID`, `EMBEDDED.START_FAILED`
 */
export async function openDatabase(dataDir: string | null): Promise<PGlite> {
  // Only while it starts: later lines of the log quote statements.
  let log: string[] | undefined = []
  const onStderr = (line: string) => {
    log?.push(line)
    return false
  }
  try {
    const { pgdata, isNew } = dataDir === null ? { pgdata: undefined, isNew: true } : openPgData(dataDir)
    const cluster = isNew ? await preparedCluster() : undefined
    const options = {
      extensions: { vector },
      startParams: START_PARAMS,
      onStderr,
      ...(cluster && { loadDataDir: cluster }),
      ...(pgdata !== undefined && { dataDir: pgdata, relaxedDurability: false }),
    }
    const db = await keepingExitCode(() => PGlite.create(options))
    if (dataDir !== null) markReady(dataDir)
    stopAtFatal(db)
    return db
  } catch (cause) {
    if (isEmbeddedError(cause)) throw cause
    throw embeddedError('EMBEDDED.START_FAILED', 'The embedded database could not be started.', {
      fix:
        dataDir === null
          ? 'See `cause` and `meta.log`.'
          : 'See `cause` and `meta.log`. If the files are damaged, restore the directory from a backup.',
      meta: { dataDir, log: log.slice(-20) },
      cause,
    })
  } finally {
    log = undefined
  }
}
