import { resolve } from 'node:path'
import type pg from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import { knownError } from './known-error.js'
import { TLS_PARAMETERS, type TlsAttempt, tlsAttempts } from './tls.js'

interface EmbeddedTarget {
  readonly kind: 'embedded'
  readonly dataDir: string
  /** From `?schema=`; the search path is this schema alone. */
  readonly schema: string | undefined
}

export interface ServerTarget {
  readonly kind: 'server'
  readonly config: pg.ClientConfig & { readonly database: string }
  readonly tls: readonly TlsAttempt[]
  readonly schema: string | undefined
}

/** The database that a url names: the one in this process, or a server's. */
export type Target = EmbeddedTarget | ServerTarget

const SCHEME = /^([a-z][a-z0-9+.-]*):/i
const EMBEDDED = /^postgres(ql)?:\/\/embedded(\/|\?|$)/i
const DEFAULT_DATA_DIR = '.funes'
const DEFAULT_CONNECT_TIMEOUT_SECONDS = 5

/** What Prisma's urls may have that is a setting of its own pool or client, and none of a connection. */
const CLIENT_PARAMETERS = [
  'connection_limit',
  'max_connection_lifetime',
  'max_idle_connection_lifetime',
  'pgbouncer',
  'pool_timeout',
  'single_use_connections',
  'socket_timeout',
  'statement_cache_size',
] as const

/**
 * Reads a url with the parameters that Prisma's users know. `postgresql://embedded/...` is the database in the
 * directory FUNES_DATA_DIR, by default `.funes` in the current one.
 *
 * @throws P1013 when it cannot be read, and an error without a code for another kind of database
 */
export function readTarget(url: string, env: NodeJS.ProcessEnv = process.env): Target {
  refuseOtherDatabases(url)
  const mark = url.indexOf('?')
  const base = mark < 0 ? url : url.slice(0, mark)
  const params = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const schema = params.get('schema') || undefined
  if (isEmbeddedUrl(url))
    return { kind: 'embedded', dataDir: resolve(env.FUNES_DATA_DIR || DEFAULT_DATA_DIR), schema }

  const tls = tlsAttempts(params)
  const timeout = params.get('connect_timeout')
  for (const name of ['schema', 'connect_timeout', ...CLIENT_PARAMETERS, ...TLS_PARAMETERS])
    params.delete(name)
  const config = parse(params.size > 0 ? `${base}?${params}` : base)
  return {
    kind: 'server',
    tls,
    schema,
    config: {
      ...config,
      // As Prisma has it; pg would take the user's name.
      database: config.database || 'postgres',
      connectionTimeoutMillis: 1000 * Number(timeout ?? DEFAULT_CONNECT_TIMEOUT_SECONDS),
    },
  }
}

/** Whether a url names the database in this process. */
export function isEmbeddedUrl(url: string): boolean {
  return EMBEDDED.test(url)
}

function parse(url: string): pg.ClientConfig {
  try {
    const config = parseIntoClientConfig(url) as pg.ClientConfig
    // Absent is what lets PGHOST, PGUSER and their like have their say.
    return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== ''))
  } catch {
    const badPort = /:[^/@?]*[^\d/@?][^/@?]*(\/|\?|$)/.test(url.replace(/^.*@|^[^:]*:\/\//, ''))
    throw invalidUrl(badPort ? 'invalid port number' : 'invalid address')
  }
}

function refuseOtherDatabases(url: string): void {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase()
  if (scheme === 'postgres' || scheme === 'postgresql') return
  if (
    scheme !== undefined &&
    /^(mysql|file|sqlite|sqlserver|mongodb(\+srv)?|prisma(\+postgres)?)$/.test(scheme)
  ) {
    throw new Error(
      `This schema engine speaks to PostgreSQL only, not to "${scheme}:". ` +
        "For other databases take Prisma's own: leave PRISMA_SCHEMA_ENGINE_BINARY unset.",
    )
  }
  throw invalidUrl('The scheme is not recognized')
}

function invalidUrl(why: string): Error {
  const details =
    `${why} in database URL. Please refer to the documentation in https://pris.ly/d/config-url for constructing a ` +
    'correct connection string. In some cases, certain characters must be escaped. Please check the string for any ' +
    'illegal characters.'
  return knownError('P1013', `The provided database string is invalid. ${details}`, { details })
}

/** `host:port`, as Prisma's messages have it. */
export function address(config: pg.ClientConfig): string {
  return `${config.host ?? process.env.PGHOST ?? 'localhost'}:${config.port ?? process.env.PGPORT ?? 5432}`
}
