import type pg from 'pg'
import { databaseError } from '../errors/database-error.js'
import { selectSessionLimits, setSessionLimits } from '../sql/indexes.js'
import { compile, type Statement } from '../sql/statement.js'
import type { Executor } from './executor.js'

/** One connection for a while, outside of any transaction. */
export interface Session extends Executor {
  /** Builds without parallel workers from now on: what they share does not fit into every container. */
  buildAlone(): Promise<void>
  /** The connection is not to be used by anybody else afterwards. */
  discard(): void
}

/**
 * Runs `work` on one connection on which statements may take as long as they take, for what cannot stand in a
 * transaction. The connection goes back as it came.
 */
export async function withSession<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw databaseError(error)
  })
  let isRestored = false
  let isDiscarded = false
  // A connection that is lost while nothing runs on it tells nobody else, and without a listener ends the process.
  const onError = () => {
    isDiscarded = true
  }
  client.on('error', onError)
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
    const [before] = await run(selectSessionLimits)
    const limits = before as NonNullable<typeof before>
    const unlimited = { ...limits, statementTimeout: '0', lockTimeout: '0' }
    await run(setSessionLimits(unlimited))
    try {
      return await work({
        run,
        buildAlone: async () => {
          await run(setSessionLimits({ ...unlimited, workers: '0' }))
        },
        discard: () => {
          isDiscarded = true
        },
      })
    } finally {
      await run(setSessionLimits(limits)).then(
        () => {
          isRestored = true
        },
        () => {},
      )
    }
  } finally {
    const isUsable = isRestored && !isDiscarded
    if (isUsable) client.off('error', onError)
    client.release(!isUsable)
  }
}
