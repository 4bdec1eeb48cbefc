import type pg from 'pg'
import type { Config } from '../config.js'
import { databaseError, isCollision, isConnectionLost, isUnsent, withMeta } from '../errors/database-error.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import type { Observer } from '../observe/observer.js'
import { createObserver } from '../observe/options.js'
import { compile, isRepeatable, type Statement } from '../sql/statement.js'
import { currentCall } from './call.js'
import { type CloseOptions, createClosing } from './closing.js'
import type { Executor } from './executor.js'
import { clientClosed, createGate } from './gate.js'
import type { PoolStats } from './held.js'
import { createLocalLimits } from './local-limits.js'
import { openPool } from './pool.js'
import { createPreparing } from './preparing.js'
import { createPrisma, joinTransactions, type Prisma, type PrismaClient } from './prisma.js'
import { createRetry, type Retry } from './retry.js'
import { currentScope, type TransactionScope } from './transaction-scope.js'
import { createTransactions, type TransactionOptions } from './transactions.js'

export type { TransactionOptions }

/** Where statements meet the database. Outside a transaction they go straight to the pool, inside through Prisma. */
export interface Engine extends Executor {
  readonly kind: 'server' | 'embedded'
  /** The pool, whose connections are accounted for. */
  readonly pool: pg.Pool
  readonly prisma: PrismaClient
  readonly retry: Retry
  /** Who is told of statements and transactions. */
  readonly observer: Observer
  /**
   * For what has transactions of its own, or can stand in none.
   *
   * @throws `TRANSACTION.NOT_ALLOWED` when the calling code is inside of one
   */
  assertOutsideTransaction(call: string): void
  /** Whether the calling code is inside of a transaction. */
  isInTransaction(): boolean
  /** The innermost transaction or savepoint that the calling code is in: an object of its own for each. */
  currentTransaction(): TransactionScope | undefined
  transaction<T>(work: (scope: TransactionScope) => Promise<T>, options?: TransactionOptions): Promise<T>
  poolStats(): PoolStats
  /** Whether a call may begin: not after `close`, unless it is part of one that is still running. */
  admits(): boolean
  /** Counts a call that `close` waits for, until what this answers with is called. */
  enter(): () => void
  close(options?: CloseOptions): Promise<void>
}

/** Opens the database. On a server no connection is made before the first statement. */
export async function createEngine(config: Config): Promise<Engine> {
  const { limits } = config
  const opened = await openPool(config)
  const { kind } = opened
  const gate = createGate(opened, limits)
  const { pool } = gate
  const observer = await createObserver(config.observe, {
    pool: opened.pool,
    kind,
    waiting: () => gate.stats().waiting,
  })
  const retry = createRetry(config.retry)
  const preparing = createPreparing(config.preparedStatements)
  const owner = {}
  let base: PrismaClient | undefined
  let joined: PrismaClient | undefined
  const closing = createClosing({
    gate,
    end: async () => {
      observer.close()
      await base?.$disconnect()
      await opened.close()
    },
  })

  const prismaBase = () => {
    base ??= createPrisma(pool, preparing)
    return base
  }

  async function once<Row>(statement: Statement<Row>): Promise<Row[]> {
    const { text, values } = compile(statement)
    return observer.statement(text, async () => {
      const result = await gate.query({ name: preparing.name(text) as string, text, values })
      return result.rows as Row[]
    })
  }

  /** A single statement is kept as a whole or not at all: what collided may be repeated, what got no answer if it only reads. */
  function mayRepeat(statement: Statement<unknown>, failure: FunesError): boolean {
    if (isCollision(failure)) return true
    // Who has waited for as long as may be waited does not begin anew.
    const { waitedMs } = failure.meta
    if (!isConnectionLost(failure) || waitedMs !== undefined) return false
    return isUnsent(failure) || isRepeatable(statement)
  }

  async function tryOn<Row>(statement: Statement<Row>, first: FunesError, wasOn: boolean): Promise<Row[]> {
    const giveUpAt = performance.now() + limits.acquireTimeoutMs
    let failure = first
    let wasPreparing = wasOn
    for (let made = 1; ; ) {
      if (!preparing.isCured(failure, wasPreparing)) {
        const mayTry = mayRepeat(statement, failure) && performance.now() < giveUpAt
        if (!mayTry || !(await retry.again(made))) {
          const isKnown = isCollision(failure) || isConnectionLost(failure)
          throw isKnown ? withMeta(failure, { attempts: made }) : failure
        }
        made += 1
      }
      wasPreparing = preparing.isOn()
      try {
        return await once(statement)
      } catch (error) {
        failure = databaseError(error)
      }
    }
  }

  async function run<Row>(statement: Statement<Row>): Promise<Row[]> {
    const scope = currentScope(owner)
    if (scope) return scope.run(statement)
    const wasPreparing = preparing.isOn()
    try {
      return await once(statement)
    } catch (error) {
      const { signal } = currentCall() ?? {}
      if (signal?.aborted) throw signal.reason
      return tryOn(statement, databaseError(error), wasPreparing)
    }
  }

  const begin = createTransactions({
    owner,
    gate,
    retry,
    observer,
    preparing,
    prisma: prismaBase,
    canLoseAnswers: kind === 'server',
    isOwnPool: opened.isOwn,
    executor: { run },
    localLimits: createLocalLimits(opened, {
      statement: limits.statementTimeoutMs,
      lock: limits.lockTimeoutMs,
      idle: limits.idleInTransactionTimeoutMs,
    }),
  })

  async function transaction<T>(
    work: (scope: TransactionScope) => Promise<T>,
    options: TransactionOptions = {},
  ) {
    const outer = currentScope(owner)
    return outer ? outer.nested(work) : observer.transaction(() => begin(work, options))
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

  const admits = () =>
    !closing.hasBegun() ||
    (!closing.isOver() && (currentCall() !== undefined || currentScope(owner) !== undefined))

  return {
    kind,
    pool,
    retry,
    observer,
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
      if (!admits()) throw clientClosed()
      joined ??= joinTransactions(owner, prismaBase(), prismaTransaction)
      return joined
    },
    poolStats: () => ({ ...gate.stats(), preparedStatements: preparing.isOn() }),
    admits,
    enter: closing.enter,
    close: closing.close,
  }
}
