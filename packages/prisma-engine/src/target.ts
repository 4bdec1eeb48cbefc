import type pg from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'

/** A database that a url names: the one in this process, or a server's. */
export type Target =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | { readonly kind: 'server'; readonly config: pg.ClientConfig; readonly schema: string | undefined }

const EMBEDDED = /^postgres(ql)?:\/\/embedded(\/|$)/
const DEFAULT_DATA_DIR = '.funes'
/** Parameters of Prisma's urls that are no settings of a connection. */
const PRISMA_PARAMETERS = ['schema', 'connection_limit', 'pool_timeout', 'pgbouncer', 'statement_cache_size', 'socket_timeout']

/** Reads a url as Prisma's users write it; `?schema=` becomes the search path, as in Prisma's own engine. */
export function readTarget(url: string, env: NodeJS.ProcessEnv = process.env): Target {
  if (EMBEDDED.test(url)) return { kind: 'embedded', dataDir: env.FUNES_DATA_DIR || DEFAULT_DATA_DIR }
  const parsed = new URL(url)
  const schema = parsed.searchParams.get('schema') ?? undefined
  const timeout = Number(parsed.searchParams.get('connect_timeout') ?? 5)
  for (const name of [...PRISMA_PARAMETERS, 'connect_timeout']) parsed.searchParams.delete(name)
  const config = parseIntoClientConfig(parsed.toString()) as pg.ClientConfig
  config.connectionTimeoutMillis = timeout * 1000
  if (schema !== undefined) {
    const path = `-c search_path="${schema.replaceAll('"', '')}"`
    config.options = config.options ? `${config.options} ${path}` : path
  }
  return { kind: 'server', config, schema }
}

/** `host`:`port` as Prisma's messages give it. */
export function address(config: pg.ClientConfig): string {
  return `\`${config.host ?? 'localhost'}:${config.port ?? 5432}\``
}
