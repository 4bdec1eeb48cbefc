import type pg from 'pg'

/** Which database is talked to, as telemetry names it. Holds no password. */
export interface DatabaseTarget {
  /** The database's name; the schema is whatever the connection's search_path begins with. */
  readonly namespace: string | undefined
  /** Host, or the directory of a socket; undefined for the embedded engine. */
  readonly address: string | undefined
  readonly port: number | undefined
}

function readUrl(text: string): DatabaseTarget {
  if (!URL.canParse(text)) return { namespace: undefined, address: undefined, port: undefined }
  const url = new URL(text)
  const name = url.pathname.slice(1)
  return {
    namespace: name === '' ? undefined : decodeURIComponent(name),
    address: url.searchParams.get('host') ?? (url.hostname || undefined),
    port: url.port === '' ? 5432 : Number(url.port),
  }
}

/** Reads out of a pool's options where it leads. */
export function databaseTarget(pool: pg.Pool, kind: 'server' | 'embedded'): DatabaseTarget {
  if (kind === 'embedded') return { namespace: 'postgres', address: undefined, port: undefined }
  const { connectionString, database, host, port } = pool.options ?? {}
  const read = connectionString === undefined ? undefined : readUrl(connectionString)
  return {
    namespace: read?.namespace ?? database,
    address: read?.address ?? host,
    port: read?.port ?? port,
  }
}
