import { randomBytes } from 'node:crypto'
import { createEmbeddedPool } from '@funes/embedded'
import pg from 'pg'

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

/** Databases on the server at `url`, whose user may create them. */
export function serverDatabases(url: string): Databases {
  const made = new Set<string>()

  async function administrate(statement: string): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }

  async function create(template?: string): Promise<Database> {
    const name = `funes_bench_${randomBytes(6).toString('hex')}`
    await administrate(`create database ${name}${template ? ` template ${template}` : ''}`)
    made.add(name)
    const own = new URL(url)
    own.pathname = `/${name}`
    return {
      ...serverDatabase(own.toString()),
      copy: () => create(name),
      drop: () => drop(name),
    }
  }

  async function drop(name: string): Promise<void> {
    if (!made.delete(name)) return
    await administrate(`drop database if exists ${name} with (force)`)
  }

  return {
    engine: 'server',
    create: () => create(),
    async dropAll() {
      for (const name of [...made]) await drop(name)
    },
  }
}

function embeddedDatabase(pool: pg.Pool, onDrop: () => void = () => {}): Database {
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
    async drop() {
      onDrop()
      await pool.end()
    },
  }
}

/** The database in a directory, in this process. Dropping it only closes it: the files stay. */
export async function directoryDatabase(dataDir: string): Promise<Database> {
  return embeddedDatabase(await createEmbeddedPool({ dataDir }))
}

/** Databases in this process, in memory: each has its own engine with one connection. */
export function embeddedDatabases(): Databases {
  const pools = new Set<pg.Pool>()
  return {
    engine: 'embedded',
    async create() {
      const pool = await createEmbeddedPool()
      pools.add(pool)
      return embeddedDatabase(pool, () => pools.delete(pool))
    },
    async dropAll() {
      for (const pool of pools) await pool.end()
      pools.clear()
    },
  }
}
