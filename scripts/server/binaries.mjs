import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { captureIfPossible } from '../child-process.mjs'
import { compareVersions } from './versions.mjs'

/** The oldest PostgreSQL and pgvector that Funes supports. */
export const OLDEST_POSTGRES = '14'
export const OLDEST_PGVECTOR = '0.8.0'

/** Older ones can write past a buffer in a parallel HNSW build (CVE-2026-3172). */
const OLDEST_SAFE_PGVECTOR = '0.8.2'

const REQUIRED_PROGRAMS = ['initdb', 'postgres', 'pg_ctl', 'psql']

function foldersIn(parent, inside, filter = () => true) {
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .filter(filter)
    .map((name) => join(parent, name, inside))
}

async function candidateFolders() {
  const configured = process.env.FUNES_POSTGRES_BIN
  if (configured) return [configured]
  const fromPgConfig = (await captureIfPossible('pg_config', ['--bindir']))?.trim()
  const isPostgres = (name) => name.startsWith('postgresql')
  return [
    ...foldersIn('/usr/lib/postgresql', 'bin'),
    ...foldersIn('/opt/homebrew/opt', 'bin', isPostgres),
    ...foldersIn('/usr/local/opt', 'bin', isPostgres),
    ...foldersIn('/home/linuxbrew/.linuxbrew/opt', 'bin', isPostgres),
    ...foldersIn('/usr', 'bin', (name) => name.startsWith('pgsql-')),
    ...foldersIn('/Applications/Postgres.app/Contents/Versions', 'bin'),
    ...(fromPgConfig ? [fromPgConfig] : []),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
}

function pgvectorVersion(shareFolder) {
  const controlFile = join(shareFolder, 'extension', 'vector.control')
  if (!existsSync(controlFile)) return undefined
  return readFileSync(controlFile, 'utf8').match(/default_version\s*=\s*'([^']+)'/)?.[1]
}

async function describe(folder) {
  if (!REQUIRED_PROGRAMS.every((program) => existsSync(join(folder, program)))) return undefined
  const banner = await captureIfPossible(join(folder, 'postgres'), ['--version'])
  const version = banner?.match(/\d+(\.\d+)?/)?.[0]
  if (!version || compareVersions(version, OLDEST_POSTGRES) < 0) return undefined
  const [major] = version.split('.')
  const share = await captureIfPossible(join(folder, 'pg_config'), ['--sharedir'])
  const shareFolder = share?.trim() ?? `/usr/share/postgresql/${major}`
  return { folder, version, major, pgvector: pgvectorVersion(shareFolder) }
}

/** True when this version of pgvector may build an HNSW index with parallel workers. */
export function buildsInParallelSafely(pgvector) {
  return compareVersions(pgvector, OLDEST_SAFE_PGVECTOR) >= 0
}

/** True when these binaries come with a pgvector that Funes supports. */
export function hasPgvector(binaries) {
  return binaries?.pgvector !== undefined && compareVersions(binaries.pgvector, OLDEST_PGVECTOR) >= 0
}

/**
 * The installed PostgreSQL to use: `{ folder, version, major, pgvector }`, where `pgvector` is undefined
 * when the extension is missing; undefined when no supported PostgreSQL is installed.
 * One that has pgvector is preferred, then the newest. FUNES_POSTGRES_BIN names a folder to use instead.
 */
export async function findBinaries() {
  const folders = [...new Set(await candidateFolders())].filter(Boolean)
  const found = (await Promise.all(folders.map(describe))).filter(Boolean)
  const rank = (a, b) =>
    Number(hasPgvector(b)) - Number(hasPgvector(a)) || compareVersions(b.version, a.version)
  return found.sort(rank)[0]
}
