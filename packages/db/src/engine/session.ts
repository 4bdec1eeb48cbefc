import type pg from 'pg'
import { databaseError } from '../errors/database-error.js'
import { selectSessionLimits, setSessionLimits } from '../sql/indexes.js'
import { compile, type Statement } from '../sql/statement.js'
import type { Executor } from './executor.js'
import { assertOwnBackend } from './own-backend.js'

/** One connection for a while. */
export interface Session extends Executor {
  /** The connection is not to be used by anybody else afterwards. */
  discard(): void
}

/** One connection for a while, outside of any transaction. */
export interface BuildSession extends Session {
  /** Builds without parallel workers from now on: what they share does not fit into every container. */
  buildAlone(): Promise<void>
}

/** Runs `work`, which begins and ends a transaction of its own, on one connection, whose settings are left as they are. */
export async function withConnection<T>(
  pool: pg.Pool,
  work: (session: Session, client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw databaseError(error)
  })
  let isDiscarded = false
  const discard = () => {
    isDiscarded = true
  }
  // A connection that is lost while nothing runs on it tells nobody else, and without a listener ends the process.
  client.on('error', discard)
  async function run<Row>(statement: Statement<Row>): Promise<Row[]> {
    const { text, values } = compile(statement)
    try {
      // Without parameters in the simple protocol: index builds take no others.
      const result = await (values.length === 0 ? client.query(text) : client.query(text, values))
      return result.rows as Row[]
    } catch (error) {
      throw databaseError(error)
    }
  }
  try {
    return await work({ run, discard }, client)
  } finally {
    if (!isDiscarded) client.off('error', discard)
    client.release(isDiscarded)
  }
}

/**
 * Runs `work` on one connection on which statements may take as long as they take, for what cannot stand in a
 * transaction. The connection goes back as it came.
 *
 * @throws what `work` throws; `DB.POOLER` before it has begun, where a pooler may give each statement to another connection
 */
export async function withSession<T>(pool: pg.Pool, work: (session: BuildSession) => Promise<T>): Promise<T> {
  return withConnection(pool, async ({ run, discard }, client) => {
    await assertOwnBackend(pool, client)
    const [before] = await run(selectSessionLimits)
    const limits = before as NonNullable<typeof before>
    const unlimited = { ...limits, statementTimeout: '0', lockTimeout: '0' }
    try {
      await run(setSessionLimits(unlimited))
      return await work({
        run,
        discard,
        buildAlone: async () => {
          await run(setSessionLimits({ ...unlimited, workers: '0' }))
        },
      })
    } finally {
      await run(setSessionLimits(limits)).catch(discard)
    }
  })
}
