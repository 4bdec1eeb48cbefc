import type pg from 'pg'
import type { Config } from '../config.js'
import { databaseError } from '../errors/database-error.js'
import { funesError } from '../errors/funes-error.js'
import { compile, type Statement, statementName } from '../sql/statement.js'
import type { Executor } from './executor.js'
import { openPool } from './pool.js'
import { createPrisma, joinTransactions, type Prisma, type PrismaClient } from './prisma.js'
import { currentScope, type TransactionScope, withScope } from './transaction-scope.js'

/** How a transaction runs. One that joins another, as a savepoint, runs as that does. */
export interface TransactionOptions {
  /** The server's default (read committed) unless given. */
  isolationLevel?: 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
  /** The whole transaction is rolled back after so many milliseconds, 1 to 86,400,000; 15,000 unless given. */
  timeoutMs?: number
}

/** Where statements meet the database. Outside a transaction they go straight to the pool, inside through Prisma. */
export interface Engine extends Executor {
  readonly kind: 'server' | 'embedded'
  readonly pool: pg.Pool
  readonly prisma: PrismaClient
  /**
   * For what has transactions of its own, or can stand in none.
   *
   * @throws `TRANSACTION.NOT_ALLOWED` when the calling code is inside of one
   */
  assertOutsideTransaction(call: string): void
  /** Whether the calling code is inside of a transaction. */
  isInTransaction(): boolean
  /** The innermost transaction or savepoint that the calling code is in: an object of its own for each. */
  currentTransaction(): object | undefined
  transaction<T>(work: (scope: TransactionScope) => Promise<T>, options?: TransactionOptions): Promise<T>
  close(): Promise<void>
}

const DEFAULT_TRANSACTION_TIMEOUT_MS = 15_000

/** Opens the database. On a server no connection is made before the first statement. */
export async function createEngine(config: Config): Promise<Engine> {
  const { pool, kind, close } = await openPool(config)
  const owner = {}
  let base: PrismaClient | undefined
  let joined: PrismaClient | undefined
  let closing: Promise<void> | undefined

  function assertOpen(): void {
    if (!closing) return
    throw funesError('CLIENT.CLOSED', 'This Funes has been closed.', {
      fix: 'Make a new one with createFunes.',
    })
  }

  async function run<Row>(statement: Statement<Row>): Promise<Row[]> {
    const scope = currentScope(owner)
    if (scope) return scope.run(statement)
    assertOpen()
    const { text, values } = compile(statement)
    try {
      const result = await pool.query<Row & pg.QueryResultRow>({
        name: statementName(text) as string,
        text,
        values,
      })
      return result.rows
    } catch (error) {
      throw databaseError(error)
    }
  }

  async function transaction<T>(
    work: (scope: TransactionScope) => Promise<T>,
    options: TransactionOptions = {},
  ) {
    const outer = currentScope(owner)
    if (outer) return outer.nested(work)
    assertOpen()
    base ??= createPrisma(pool)
    let failure: { error: unknown } | undefined
    try {
      return await base.$transaction(
        (tx) =>
          withScope(owner, tx, work).catch((error: unknown) => {
            failure = { error }
            throw error
          }),
        {
          timeout: options.timeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS,
          maxWait: config.limits.connectTimeoutMs,
          ...(options.isolationLevel && { isolationLevel: options.isolationLevel }),
        },
      )
    } catch (error) {
      // What the callback threw is the caller's own and passes as it is; the rest is the database's.
      if (failure !== undefined && failure.error === error) throw error
      throw databaseError(error)
    }
  }

  function prismaTransaction(
    work: (tx: Prisma.TransactionClient) => Promise<unknown>,
    options: { isolationLevel?: Prisma.TransactionIsolationLevel; timeout?: number } = {},
  ): Promise<unknown> {
    return transaction((scope) => work(scope.client), {
      ...(options.timeout !== undefined && { timeoutMs: options.timeout }),
      ...(options.isolationLevel && {
        isolationLevel: options.isolationLevel as NonNullable<TransactionOptions['isolationLevel']>,
      }),
    })
  }

  return {
    kind,
    pool,
    run,
    isInTransaction: () => currentScope(owner) !== undefined,
    currentTransaction: () => currentScope(owner),
    assertOutsideTransaction(call) {
      if (!currentScope(owner)) return
      throw funesError('TRANSACTION.NOT_ALLOWED', `${call} cannot be part of a transaction.`, {
        fix: 'Call it outside of `funes.transaction`.',
        meta: { call },
      })
    },
    transaction,
    get prisma() {
      if (!currentScope(owner)) assertOpen()
      base ??= createPrisma(pool)
      joined ??= joinTransactions(owner, base, prismaTransaction)
      return joined
    },
    close() {
      closing ??= (async () => {
        await base?.$disconnect()
        await close()
      })()
      return closing
    },
  }
}
