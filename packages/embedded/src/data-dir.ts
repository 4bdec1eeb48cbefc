import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedError } from './errors.js'

/** The PostgreSQL release inside the PGlite this package depends on. */
const POSTGRES_MAJOR = '18'
const OURS = /^(lock\..+|pgdata|ready)$/

function invalid(dataDir: string, message: string, fix: string, cause?: unknown) {
  return embeddedError('EMBEDDED.DATA_DIR_INVALID', message, { fix, meta: { dataDir }, cause })
}

/**
 * Makes the directory if missing, and makes sure that it is one of ours.
 *
 * @throws `EMBEDDED.DATA_DIR_INVALID`
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true })
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw invalid(dataDir, `${dataDir} cannot be used as a directory.`, 'Name a directory that this process may write.', cause)
  }
  if (!statSync(dataDir).isDirectory()) {
    throw invalid(dataDir, `${dataDir} is not a directory.`, 'Name a directory.')
  }
  const entries = readdirSync(dataDir)
  if (entries.length > 0 && !entries.some((name) => OURS.test(name))) {
    throw invalid(dataDir, `${dataDir} holds other files than an embedded database.`, 'Name an empty or a new directory.')
  }
}

/** Where PostgreSQL's own files are. Call it with the lock held. */
export function openPgData(dataDir: string): string {
  const pgdata = join(dataDir, 'pgdata')
  if (!existsSync(join(dataDir, 'ready'))) {
    // A process died while it made the cluster. No pool was handed out, so nobody's data is in it.
    rmSync(pgdata, { recursive: true, force: true })
    return pgdata
  }
  let major: string
  try {
    major = readFileSync(join(pgdata, 'PG_VERSION'), 'utf8').trim()
  } catch (cause) {
    throw invalid(dataDir, 'The database files are missing or damaged.', 'Restore the directory from a backup.', cause)
  }
  if (major !== POSTGRES_MAJOR) {
    throw invalid(
      dataDir,
      `The database was made by PostgreSQL ${major}, this release runs ${POSTGRES_MAJOR}.`,
      'Export it with the release that made it, and import it into a new directory.',
    )
  }
  return pgdata
}

/** Notes that the cluster is complete: from now on it is never made anew. */
export function markReady(dataDir: string): void {
  const path = join(dataDir, 'ready')
  if (!existsSync(path)) writeFileSync(path, 'The cluster in pgdata is complete.\n')
}
