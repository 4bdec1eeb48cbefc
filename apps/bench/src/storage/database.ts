import { randomBytes } from 'node:crypto'
import { createEmbeddedPool } from '@funes/embedded'
import pg from 'pg'
import { createOwned } from './owned.js'

export interface PoolSettings {
  connections: number
  /** Settings that every connection starts with, as `{ 'hnsw.ef_search': 100 }`. */
  settings?: Readonly<Record<string, string | number>>
}

/** A database of one storage's own. */
export interface Database {
  readonly engine: 'server' | 'embedded'
  /** The server's address; null on the embedded engine. */
  readonly url: string | null
  openPool(settings: PoolSettings): Promise<pg.Pool>
  /** Ends a pool that {@link openPool} gave. */
  closePool(pool: pg.Pool): Promise<void>
  /** A second database with the same content, or null where the engine cannot copy. */
  copy(): Promise<Database | null>
  drop(): Promise<void>
}

/** Makes databases on one engine, and drops what is left of them at the end. */
export interface Databases {
  readonly engine: 'server' | 'embedded'
  create(): Promise<Database>
  /** Waits for those that are being made and drops all; none can be made any more. May be called again. */
  dropAll(): Promise<void>
}

const startupOptions = (settings: PoolSettings['settings'] = {}) =>
  Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')

function serverPool(url: string, { connections, settings }: PoolSettings): pg.Pool {
  const options = startupOptions(settings)
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 30_000,
    ...(options && { options }),
  })
  pool.on('error', () => {})
  // A client in use is not the pool's to listen to; unheard, its end would be that of this process.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** A database that exists already, on a server. Dropping it does nothing: whoever made it drops it. */
export function serverDatabase(url: string): Database {
  return {
    engine: 'server',
    url,
    openPool: async (settings) => serverPool(url, settings),
    closePool: (pool) => pool.end(),
    copy: async () => null,
    async drop() {},
  }
}

/**
 * Databases on the server at `url`, whose user may create them.
 *
 * @throws RangeError unless it is a PostgreSQL URL; when used, if there is no such server or it lets nobody in
 */
export function serverDatabases(url: string): Databases {
  if (!/^postgres(ql)?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new RangeError('The URL of a server is written postgresql://user:password@host:port/database.')
  }
  const { hostname, port } = new URL(url)

  async function administrate(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect().catch((cause: Error & { code?: string }) => {
      const why = cause.message || cause.code
      throw new RangeError(`No session at ${hostname}:${port || 5432}: ${why}`, { cause })
    })
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }

  const owned = createOwned<string>((name) => administrate(`drop database if exists ${name} with (force)`))

  async function create(template?: string): Promise<Database> {
    const name = `funes_bench_${randomBytes(6).toString('hex')}`
    await owned.add(name, () =>
      administrate(`create database ${name}${template ? ` template ${template}` : ''}`),
    )
    const own = new URL(url)
    own.pathname = `/${name}`
    return {
      ...serverDatabase(own.toString()),
      copy: () => create(name),
      drop: () => owned.release(name),
    }
  }

  return { engine: 'server', create: () => create(), dropAll: owned.releaseAll }
}

function embeddedDatabase(pool: pg.Pool, drop: () => Promise<void>): Database {
  return {
    engine: 'embedded',
    url: null,
    async openPool({ settings = {} }) {
      for (const [name, value] of Object.entries(settings)) {
        await pool.query('select set_config($1, $2, false)', [name, String(value)])
      }
      return pool
    },
    // The one pool serves every session until the database is dropped.
    async closePool() {},
    copy: async () => null,
    drop,
  }
}

/** The database in a directory, in this process. Dropping it only closes it: the files stay. */
export async function directoryDatabase(dataDir: string): Promise<Database> {
  const pool = await createEmbeddedPool({ dataDir })
  return embeddedDatabase(pool, () => pool.end())
}

/** Databases in this process, in memory: each has its own engine with one connection. */
export function embeddedDatabases(): Databases {
  const owned = createOwned<{ pool?: pg.Pool }>(async ({ pool }) => pool?.end())
  return {
    engine: 'embedded',
    async create() {
      const place: { pool?: pg.Pool } = {}
      await owned.add(place, async () => {
        place.pool = await createEmbeddedPool()
      })
      return embeddedDatabase(place.pool as pg.Pool, () => owned.release(place))
    },
    dropAll: owned.releaseAll,
  }
}
