// Finds an installed PostgreSQL and its pgvector.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

function quietly(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

function children(dir) {
  return existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []
}

/** Directories that may hold initdb and pg_ctl, the newest release first. */
function candidates() {
  const byVersion = (a, b) => b.localeCompare(a, 'en', { numeric: true })
  return [
    process.env.FUNES_PG_BIN,
    ...children('/usr/lib/postgresql')
      .sort(byVersion)
      .map((dir) => join(dir, 'bin')),
    ...children('/opt/homebrew/opt')
      .filter((dir) => /postgresql@\d+$/.test(dir))
      .sort(byVersion)
      .map((dir) => join(dir, 'bin')),
    ...children('/usr/local/opt')
      .filter((dir) => /postgresql@\d+$/.test(dir))
      .sort(byVersion)
      .map((dir) => join(dir, 'bin')),
    ...children('/usr')
      .filter((dir) => /pgsql-\d+$/.test(dir))
      .sort(byVersion)
      .map((dir) => join(dir, 'bin')),
    quietly('pg_config', ['--bindir']),
  ].filter((dir) => dir !== undefined)
}

/** `{ bin, major, pgvector }` of the newest installed server, pgvector's version or undefined; undefined when there is no server. */
export function findPostgres() {
  for (const bin of candidates()) {
    if (!existsSync(join(bin, 'initdb')) || !existsSync(join(bin, 'postgres'))) continue
    const version = quietly(join(bin, 'postgres'), ['--version']) ?? ''
    const major = /(\d+)(\.\d+)?/.exec(version)?.[1]
    if (major === undefined || Number(major) < 14) continue
    return { bin, major, pgvector: pgvectorVersion(bin, major) }
  }
  return undefined
}

function pgvectorVersion(bin, major) {
  // pg_config is part of the development package, so it may be missing where the server is not.
  const shares = [
    quietly(join(bin, 'pg_config'), ['--sharedir']),
    `/usr/share/postgresql/${major}`,
    join(bin, '../share'),
    join(bin, '../share/postgresql'),
  ]
  for (const share of shares) {
    const control = share === undefined ? '' : join(share, 'extension/vector.control')
    if (existsSync(control)) return /default_version\s*=\s*'([^']+)'/.exec(readFileSync(control, 'utf8'))?.[1]
  }
  return undefined
}
