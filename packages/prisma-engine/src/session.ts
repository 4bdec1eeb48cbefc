import pg from 'pg'
import { connectionError, isWithoutTls } from './connection-error.js'
import { openDataDir, openMemoryPool } from './embedded.js'
import type { ServerTarget, Target } from './target.js'
import type { TlsAttempt } from './tls.js'

export type Query = (...args: unknown[]) => Promise<pg.QueryResult | pg.QueryResult[] | undefined>

/** One connection to a database, which the advisory lock of migrations and the search path belong to. */
export interface Session {
  /**
   * A pool because that is what Prisma's adapter takes, but every query is on the one connection. A pool left to
   * itself would give it up after ten idle seconds, and after every error.
   */
  readonly pool: pg.Pool
  /** The connection's own `query`. */
  readonly query: Query
  /** Ends the connection at once, also in the middle of a statement, which the server then gives up. */
  close(): Promise<void>
}

const TERMINATE_TIMEOUT_MS = 2_000

/** @throws P1000, P1001, P1003, P1010, P1011 of a server; EMBEDDED.LOCKED, EMBEDDED.DATA_DIR_INVALID */
export async function openSession(target: Target): Promise<Session> {
  if (target.kind === 'server') return openServer(target)
  const session = await onOneConnection(await openDataDir(target.dataDir))
  if (target.schema !== undefined) await session.query(setSearchPath(target.schema))
  return session
}

/** A session with an empty database in memory, which is gone with it. */
export async function openMemory(): Promise<Session> {
  return onOneConnection(await openMemoryPool())
}

async function openServer(target: ServerTarget): Promise<Session> {
  const [first = false, ...others] = target.tls
  try {
    return await connect(target, first)
  } catch (error) {
    const other = isWithoutTls(error) || first === false ? others[0] : undefined
    if (other === undefined) throw connectionError(error, target.config)
    return await connect(target, other).catch((reason: unknown) => {
      throw connectionError(reason, target.config)
    })
  }
}

async function connect({ config, schema }: ServerTarget, ssl: TlsAttempt): Promise<Session> {
  const pool = new pg.Pool({ ...config, ssl, max: 1 })
  const session = await onOneConnection(pool, (processId) => terminate({ ...config, ssl }, processId))
  // As the native engine does, unless the url has settled it otherwise.
  if (schema !== undefined || config.options?.includes('search_path') !== true) {
    await session.query(setSearchPath(schema ?? 'public'))
  }
  return session
}

async function onOneConnection(
  pool: pg.Pool,
  terminateBackend?: (processId: number) => Promise<void>,
): Promise<Session> {
  pool.on('error', () => {})
  const client = await pool.connect().catch(async (error: unknown) => {
    await pool.end()
    throw error
  })
  client.on('error', () => {})
  let running = 0
  const query: Query = async (...args) => {
    running++
    try {
      return (await client.query(...(args as [string]))) as pg.QueryResult
    } finally {
      running--
    }
  }
  const shared = Object.create(client, { release: { value: () => {} } }) as pg.PoolClient
  Object.assign(pool, { query, connect: async () => shared })
  return {
    pool,
    query,
    async close() {
      const { processID } = client as unknown as { processID: number }
      if (running > 0) await terminateBackend?.(processID).catch(() => {})
      client.release(true)
      await pool.end()
    },
  }
}

/** Ends a connection from outside: a server goes on with a statement whose client has left. */
async function terminate(config: pg.ClientConfig, processId: number): Promise<void> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: TERMINATE_TIMEOUT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select pg_terminate_backend($1)', [processId])
  } finally {
    await client.end()
  }
}

/** The statement that makes unqualified names mean those in `schema`. */
export function setSearchPath(schema: string): string {
  return `set search_path = ${pg.escapeIdentifier(schema)}`
}
