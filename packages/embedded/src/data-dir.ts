import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { embeddedError } from './errors.js'

/** The PostgreSQL release inside the PGlite this package depends on. */
const POSTGRES_MAJOR = '18'
const READY = 'ready'
const CREATING = 'creating'
/**
 * What may stand in a directory that is still to become a database: locks, and what people and disks leave.
 */
const HARMLESS = /^(lock\.|\.|lost\+found$)/

function invalid(dataDir: string, message: string, fix: string, cause?: unknown) {
  return embeddedError('EMBEDDED.DATA_DIR_INVALID', message, { fix, meta: { dataDir }, cause })
}

function refuseForeign(dataDir: string): void {
  const entries = readdirSync(dataDir)
  if (entries.includes(READY) || entries.includes(CREATING)) return
  if (entries.some((name) => !HARMLESS.test(name))) {
    throw invalid(
      dataDir,
      `${dataDir} holds other files than an embedded database.`,
      'Name an empty or a new directory.',
    )
  }
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * Makes a directory, and those that it stands in. Node's own way of making them all never ends where a directory that is there
 * answers that it is not, as /proc does.
 */
function makeDirectory(path: string): void {
  if (isDirectory(path)) return
  const parent = dirname(path)
  if (parent !== path) makeDirectory(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Somebody else may have been quicker.
    if (!isDirectory(path)) throw error
  }
}

/**
 * Makes the directory if missing, and makes sure that it is one of ours or empty; returns its absolute path.
 *
 * @throws `EMBEDDED.DATA_DIR_INVALID`
 */
export function prepareDataDir(path: string): string {
  if (path.trim() === '' || path.includes('://') || path.includes('\0')) {
    throw invalid(
      path,
      'dataDir is not a path.',
      'Name a directory, or leave dataDir out to keep data in memory.',
    )
  }
  const dataDir = resolve(path)
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory()) {
    throw invalid(dataDir, `${dataDir} is not a directory.`, 'Name a directory.')
  }
  try {
    makeDirectory(dataDir)
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw invalid(
      dataDir,
      `${dataDir} cannot be made or written.`,
      'Name a directory that this process may write, on a disk that is not full.',
      cause,
    )
  }
  refuseForeign(dataDir)
  return dataDir
}

/**
 * Where PostgreSQL's own files are, or shall be when the directory `isNew`. Call it with the lock held.
 *
 * @throws `EMBEDDED.DATA_DIR_INVALID`
 */
export function openPgData(dataDir: string): { pgdata: string; isNew: boolean } {
  const pgdata = join(dataDir, 'pgdata')
  if (!existsSync(join(dataDir, READY))) {
    // Looked at again, for somebody may have come between: what is not known to be ours is never deleted.
    refuseForeign(dataDir)
    writeFileSync(join(dataDir, CREATING), 'The cluster in pgdata is being made; it holds no data yet.\n')
    rmSync(pgdata, { recursive: true, force: true })
    mkdirSync(pgdata, { mode: 0o700 })
    return { pgdata, isNew: true }
  }
  let major: string
  try {
    major = readFileSync(join(pgdata, 'PG_VERSION'), 'utf8').trim()
  } catch (cause) {
    throw invalid(
      dataDir,
      'The database files are missing or damaged.',
      'Restore the directory from a backup.',
      cause,
    )
  }
  if (major !== POSTGRES_MAJOR) {
    throw invalid(
      dataDir,
      `The database was made by PostgreSQL ${major}, this release runs ${POSTGRES_MAJOR}.`,
      'Export it with the release that made it, and import it into a new directory.',
    )
  }
  return { pgdata, isNew: false }
}

/** Notes that the cluster is complete: from now on it is never made anew. */
export function markReady(dataDir: string): void {
  if (!existsSync(join(dataDir, READY))) renameSync(join(dataDir, CREATING), join(dataDir, READY))
}
