import { once } from 'node:events'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { databaseError, isConnectionLost, withMeta } from '../errors/database-error.js'
import { type BinaryRows, createBinaryRows } from '../sql/binary-rows.js'
import { compile, type Statement } from '../sql/statement.js'
import { beginUnlimited, selectTransactionMark, type TransactionMark } from '../sql/transaction-outcome.js'
import type { Executor } from './executor.js'
import { runOn } from './on-client.js'
import { outcomeOf, transactionUnknown } from './outcome.js'
import { isBadLuck, type Retry } from './retry.js'

/** One transaction in which rows can be copied in bulk, which Prisma cannot do. */
export interface CopyTransaction extends Executor {
  readonly client: pg.ClientBase
  copy<Row>(text: string, rows: readonly Row[], write: (to: BinaryRows, row: Row) => void): Promise<void>
}

/** Large enough for few packets, small enough that the server is never idle. */
const PIECE_BYTES = 1 << 16

async function copy<Row>(
  client: pg.ClientBase,
  text: string,
  rows: readonly Row[],
  write: (to: BinaryRows, row: Row) => void,
): Promise<void> {
  const stream = client.query(copyFrom(text))
  const done = once(stream, 'finish')
  // Whoever waits for room hears of a failure too.
  done.catch(() => undefined)
  const binary = createBinaryRows()
  for (const row of rows) {
    write(binary, row)
    if (binary.pending < PIECE_BYTES) continue
    if (!stream.write(binary.take())) await Promise.race([once(stream, 'drain'), done])
  }
  stream.end(binary.end())
  await done
}

/** How a transaction is repeated of which nothing was kept; not at all unless given. */
export interface Repeat {
  readonly retry: Retry
  /** How often in all, in place of the number that `retry` knows. */
  readonly attempts?: number
}

/** Where nobody else has set a bound. */
const WAITS = { lock: 10_000, idle: 60_000 }

/** Commits, and where the answer is lost looks what became of it. */
async function commit(
  client: pg.ClientBase,
  pool: pg.Pool,
  mark: TransactionMark | undefined,
): Promise<void> {
  try {
    await client.query('commit')
  } catch (error) {
    const failure = databaseError(error)
    if (mark === undefined || mark.id === null || !isConnectionLost(failure)) throw failure
    const elsewhere: Executor = {
      async run<Row>(statement: Statement<Row>) {
        const { text, values } = compile(statement)
        return (await pool.query(text, values)).rows as Row[]
      },
    }
    const became = await outcomeOf(elsewhere, mark)
    if (became !== 'committed') throw became === undefined ? transactionUnknown(failure) : failure
  }
}

async function attempt<T>(pool: pg.Pool, work: (transaction: CopyTransaction) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw databaseError(error)
  })
  // Without a listener a connection that drops between two statements would end the process.
  const onError = () => {}
  client.on('error', onError)
  let broken = false
  const wrapped = async <R>(run: () => Promise<R>): Promise<R> => {
    try {
      return await run()
    } catch (error) {
      throw databaseError(error)
    }
  }
  try {
    await wrapped(() => client.query(compile(beginUnlimited(WAITS)).text))
    const result = await work({
      client,
      run: (statement) => wrapped(() => runOn(client, statement)),
      copy: (text, rows, write) => wrapped(() => copy(client, text, rows, write)),
    })
    const [mark] = await wrapped(() => runOn(client, selectTransactionMark))
    await commit(client, pool, mark)
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

/**
 * Runs `work` in a transaction of its own, without a limit on how long a statement takes, and rolls back if it throws.
 *
 * @param repeat runs the whole again that collided with another transaction or lost its connection, of which nothing was kept
 * @throws what `work` throws, `TRANSACTION.UNKNOWN`, `DB.*`
 */
export async function copyTransaction<T>(
  pool: pg.Pool,
  work: (transaction: CopyTransaction) => Promise<T>,
  repeat?: Repeat,
): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt(pool, work)
    } catch (error) {
      if (repeat === undefined || !isBadLuck(error)) throw error
      if (!(await repeat.retry.again(made, repeat.attempts))) throw withMeta(error, { attempts: made })
    }
  }
}
