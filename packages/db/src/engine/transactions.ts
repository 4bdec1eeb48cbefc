import { databaseError, isConnectionLost, withMeta } from '../errors/database-error.js'
import { type FunesError, funesError, isFunesError } from '../errors/funes-error.js'
import type { Observer } from '../observe/observer.js'
import { clearSession } from '../sql/backend.js'
import { limitTransaction, selectTransactionMark, type TransactionMark } from '../sql/transaction-outcome.js'
import { beginCall, type Call, currentCall, inCall, signalOf, untilAborted } from './call.js'
import type { Executor } from './executor.js'
import type { Gate } from './gate.js'
import type { Held, Holder } from './held.js'
import type { LocalLimits } from './local-limits.js'
import { runOn } from './on-client.js'
import { outcomeOf, transactionUnknown } from './outcome.js'
import type { Preparing } from './preparing.js'
import type { Prisma, PrismaClient } from './prisma.js'
import { isBadLuck, type Retry } from './retry.js'
import { createTimeLimit, type TimeLimit } from './time-limit.js'
import { type TransactionScope, withScope } from './transaction-scope.js'

/** How a transaction runs. One that joins another, as a savepoint, runs as that does. */
export interface TransactionOptions {
  /** The server's default (read committed) unless given. */
  isolationLevel?: 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
  /**
   * The whole transaction is rolled back after so many milliseconds, 1 to 86,400,000, from its connection on and repetitions
   * counted; 15,000 unless given. What it runs is then cancelled and what it waits for is not waited for; on the embedded
   * engine, which nothing can interrupt in the middle of a statement, as soon as that has ended.
   */
  timeoutMs?: number
  /**
   * How often its callback may run in all, 1 to 20; as createFunes was told unless given. It runs again when nothing of it
   * was kept, as it collided with another transaction or lost its connection: what it does outside of the database must bear that.
   */
  retry?: false | { attempts: number }
  /** Rolls the whole transaction back. */
  signal?: AbortSignal
}

const DEFAULT_TIMEOUT_MS = 15_000
/** So much later than its limit a transaction that is stuck, and cannot even be rolled back, loses its connection. */
const BACKSTOP_MS = 5_000

export interface TransactionRunner {
  readonly owner: object
  readonly gate: Gate
  readonly retry: Retry
  readonly observer: Observer
  readonly prisma: () => PrismaClient
  /** Whether there is a network between a COMMIT and its answer. */
  readonly canLoseAnswers: boolean
  /** Whether a connection is as it was opened once its session was reset: a caller's own may have been set up since. */
  readonly isOwnPool: boolean
  /** Where what became of a transaction is asked for. */
  readonly executor: Executor
  /** How long a statement, a lock and an idle transaction may take, where the server was not told beforehand. */
  readonly localLimits: LocalLimits
  readonly preparing: Preparing
}

/** How an attempt went wrong. */
interface Failure {
  /** What the caller is to get. */
  readonly error: unknown
  readonly mayRepeat: boolean
  /** Whether it will not go wrong that way again. */
  readonly isCured?: boolean
}

/** Never comes to pass: the gate, which knows who has the connections, answers first. */
const MAX_WAIT_MS = 2_000_000_000

function transactionAborted(): FunesError {
  return funesError(
    'TRANSACTION.ABORTED',
    'An earlier statement of this transaction failed, so nothing of it was kept.',
    {
      fix: 'Let the error pass, or put the part that may fail into a nested `funes.transaction` and catch it outside of that.',
    },
  )
}

/** What the database said; undefined for what the callback threw of its own. */
function ofDatabase(error: unknown): FunesError | undefined {
  if (isFunesError(error)) return error
  return error instanceof Error && 'clientVersion' in error ? databaseError(error) : undefined
}

export function createTransactions(runner: TransactionRunner) {
  const { owner, gate, retry, observer, preparing } = runner

  async function attempt<T>(
    call: Call,
    work: (scope: TransactionScope) => Promise<T>,
    options: TransactionOptions,
    limit: TimeLimit,
  ): Promise<{ value: T } | Failure> {
    const holder = call.holder as Holder
    const wasPreparing = preparing.isOn()
    const failureOf = (error: unknown): Failure => {
      const known = ofDatabase(error)
      if (known === undefined) return { error, mayRepeat: false }
      return { error, mayRepeat: isBadLuck(known), isCured: preparing.isCured(known, wasPreparing) }
    }
    let thrown: { error: unknown; isCalledOff: boolean | undefined } | undefined
    let done: { value: T; mark: TransactionMark | undefined } | undefined
    const abort = (error: unknown) => {
      thrown ??= { error, isCalledOff: call.signal?.aborted }
      throw error
    }
    /** Behind a pooler only the transaction itself is sure to run on the connection that it leaves. */
    async function clear(held: Held): Promise<void> {
      if (!held.hasTraces || !runner.canLoseAnswers) return
      await runOn(held.client, clearSession)
      held.hasTraces = !runner.isOwnPool
    }
    async function inside(tx: Prisma.TransactionClient): Promise<void> {
      const { held } = holder
      if (held === undefined) throw new Error('The transaction has no connection of this pool.')
      limit.watch(holder)
      held.until = performance.now() + limit.left() + BACKSTOP_MS
      const limits = await runner.localLimits(held.client)
      if (limits !== undefined) await runOn(held.client, limitTransaction(limits))
      const value = await untilAborted(
        withScope(owner, tx, { held, callOff: gate.callOff, failureOf: gate.failureOf, observer }, work),
        call.signal,
      ).catch(abort)
      // The server would answer COMMIT with a rollback, and nobody would notice.
      if (held.client.getTransactionStatus?.() === 'E') abort(transactionAborted())
      await clear(held)
      const [mark] = runner.canLoseAnswers ? await runOn(held.client, selectTransactionMark) : []
      try {
        limit.throwIfOver()
      } catch (error) {
        abort(error)
      }
      // From here on it is not called off: who calls off a COMMIT does not know what became of it.
      limit.stop()
      done = { value, mark }
    }
    limit.watch(holder)
    try {
      await runner.prisma().$transaction(inside, {
        timeout: Math.ceil(Math.max(0, limit.left()) + BACKSTOP_MS),
        maxWait: MAX_WAIT_MS,
        ...(options.isolationLevel && { isolationLevel: options.isolationLevel }),
      })
      return { value: (done as NonNullable<typeof done>).value }
    } catch (error) {
      // An error that came before was what it failed of.
      const isCalledOff = call.signal?.aborted && (thrown?.isCalledOff ?? true)
      if (isCalledOff) return { error: call.signal?.reason, mayRepeat: false }
      // What the callback threw is the caller's own and passes as it is; the rest is the database's.
      if (thrown !== undefined && thrown.error === error) return failureOf(error)
      const failure = holder.failure ?? gate.failureOf(error)
      if (done === undefined || !isConnectionLost(failure)) return failureOf(failure)
      const { mark } = done
      if (mark?.id === null) return { value: done.value }
      const became = mark === undefined ? undefined : await outcomeOf(runner.executor, mark)
      if (became === 'committed') return { value: done.value }
      if (became === 'aborted') return { error: failure, mayRepeat: true }
      return { error: transactionUnknown(failure), mayRepeat: false }
    } finally {
      limit.stop()
    }
  }

  return async function transaction<T>(
    work: (scope: TransactionScope) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const attempts = options.retry === false ? 1 : (options.retry?.attempts ?? retry.attempts)
    const limit = createTimeLimit(timeoutMs)
    const { call: outer } = beginCall(currentCall()?.operation ?? 'transaction', {})
    const signal = signalOf(limit.signal, outer.signal)
    for (let made = 1; ; made++) {
      const call: Call = { ...outer, signal, holder: {} }
      const result = await inCall(call, () => attempt(call, work, options, limit))
      if ('value' in result) return result.value
      if (result.isCured) continue
      if (result.mayRepeat && limit.left() > 0 && (await retry.again(made, attempts))) continue
      const { error } = result
      throw isBadLuck(error) ? withMeta(error, { attempts: made }) : error
    }
  }
}
