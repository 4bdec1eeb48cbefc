import { createEmbeddedPool } from '@funes/embedded'
import pg from 'pg'
import { lockRuns } from './load/lock.js'

/** The one connection that loading goes through, and the pool that searches use beside it. */
export interface Database {
  readonly engine: 'server' | 'embedded'
  readonly pool: pg.Pool
  /** Lends the connection; on a server it is always the same one, and holds the lock of running seeds. */
  use<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface Place {
  url: string | undefined
  dataDir: string | undefined
}

const EMBEDDED_URL = /^postgres(ql)?:\/\/embedded(\/|$)/

async function openEmbedded(dataDir: string): Promise<Database> {
  const pool = await createEmbeddedPool(dataDir === 'memory://' ? {} : { dataDir })
  return {
    engine: 'embedded',
    pool,
    // The engine has one connection, which searches need too: it is given back after each use.
    async use(work) {
      const client = await pool.connect()
      try {
        return await work(client)
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

async function openServer(url: string, onWait: (pid: number) => void): Promise<Database> {
  const pool = new pg.Pool({ connectionString: url, application_name: 'funes-seed', max: 4, keepAlive: true })
  pool.on('error', () => {})
  try {
    const client = await pool.connect()
    // A connection that breaks is reported by the statement that was under way.
    client.on('error', () => {})
    await lockRuns(client, onWait)
    return {
      engine: 'server',
      pool,
      use: (work) => work(client),
      async close() {
        client.release(true)
        await pool.end()
      },
    }
  } catch (error) {
    await pool.end()
    throw error
  }
}

/** Opens a server's database, or the embedded engine where no url is given. */
export async function openDatabase(
  { url, dataDir }: Place,
  env: NodeJS.ProcessEnv,
  onWait: (pid: number) => void,
): Promise<Database> {
  const wanted = url ?? (dataDir === undefined ? env.FUNES_DATABASE_URL || env.DATABASE_URL : undefined)
  if (wanted === undefined || EMBEDDED_URL.test(wanted)) {
    return openEmbedded(dataDir ?? (env.FUNES_DATA_DIR || '.funes'))
  }
  return openServer(wanted, onWait)
}

/** Runs `work` in one transaction of this connection. */
export async function inTransaction<T>(
  client: pg.ClientBase,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  await client.query('begin')
  try {
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // The first error says more than a rollback over a broken connection.
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
