import { createEmbeddedPool } from '@funes/embedded'
import pg from 'pg'
import { lockRuns } from './load/lock.js'
import { seedError } from './seed-error.js'

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

/** Under row-level security the owner of the tables sees rows of users only where all users are meant, which a seed does. */
const MEAN_ALL_USERS = "set funes.scope = 'all-users'"

const EMBEDDED_URL = /^postgres(ql)?:\/\/embedded(\/|$)/

/** Or the path of a socket, which the client takes too. */
const SERVER_URL = /^(postgres(ql)?:\/\/|socket:|\/)/

async function openEmbedded(dataDir: string): Promise<Database> {
  const pool = await createEmbeddedPool(dataDir === 'memory://' ? {} : { dataDir })
  await pool.query(MEAN_ALL_USERS)
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

async function openServer(
  url: string,
  onWait: (pid: number) => void,
  signal: AbortSignal,
): Promise<Database> {
  const pool = new pg.Pool({
    ...{ connectionString: url, application_name: 'funes-seed', max: 4, keepAlive: true },
    onConnect: (client) => client.query(MEAN_ALL_USERS),
  })
  pool.on('error', () => {})
  let client: pg.PoolClient | undefined
  try {
    client = await pool.connect()
    const lent = client
    // A connection that breaks is reported by the statement that was under way.
    lent.on('error', () => {})
    await lockRuns(lent, onWait, signal)
    return {
      engine: 'server',
      pool,
      use: (work) => work(lent),
      async close() {
        lent.release(true)
        await pool.end()
      },
    }
  } catch (error) {
    client?.release(true)
    await pool.end()
    throw error
  }
}

/**
 * Opens a server's database, or the embedded engine where no url is given.
 *
 * @param signal ends the wait for another seed
 * @throws `SEED.REFUSED` for what is no url of PostgreSQL; errors of the database
 */
export async function openDatabase(
  { url, dataDir }: Place,
  env: NodeJS.ProcessEnv,
  onWait: (pid: number) => void,
  signal: AbortSignal,
): Promise<Database> {
  const wanted = url ?? (dataDir === undefined ? env.FUNES_DATABASE_URL || env.DATABASE_URL : undefined)
  if (wanted === undefined || EMBEDDED_URL.test(wanted)) {
    return openEmbedded(dataDir ?? (env.FUNES_DATA_DIR || '.funes'))
  }
  if (!SERVER_URL.test(wanted)) {
    throw seedError(
      'What was given is not the url of a PostgreSQL database.',
      'Write it as postgresql://user:password@host:port/database.',
    )
  }
  return openServer(wanted, onWait, signal)
}

/**
 * Lends the connection like `use`, and cancels its statement when the signal is aborted. The embedded engine is busy
 * until its statement ends: nobody could tell it to stop.
 *
 * @throws what `signal` was aborted with before, and what the server says about a statement that was cancelled
 */
export async function useUntilAborted<T>(
  database: Database,
  signal: AbortSignal,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  return database.use(async (client) => {
    const { rows } = await client.query('select pg_backend_pid() as pid')
    const cancel = () =>
      void database.pool.query('select pg_cancel_backend($1)', [rows[0].pid]).catch(() => {})
    signal.throwIfAborted()
    if (database.engine === 'server') signal.addEventListener('abort', cancel, { once: true })
    try {
      return await work(client)
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  })
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
