import { databaseError, isConnectionLost } from '../errors/database-error.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import { selectTransactionOutcome, type TransactionMark } from '../sql/transaction-outcome.js'
import { currentCall } from './call.js'
import type { Executor } from './executor.js'
import { backoff, pause } from './retry.js'

/** So long a transaction whose COMMIT was not answered is asked after. */
const SETTLE_MS = 10_000

/** The answer to a COMMIT of which nobody knows what became. */
export function transactionUnknown(cause: unknown): FunesError {
  return funesError(
    'TRANSACTION.UNKNOWN',
    'The connection was lost in the middle of COMMIT: the transaction was kept as a whole or not at all.',
    { fix: 'Look for what it wrote before you run it again.', cause },
  )
}

/** SQLSTATE of being asked about a transaction that has not been yet. */
const IN_THE_FUTURE = '22023'

/**
 * What became of a transaction whose COMMIT was not answered; undefined when that cannot be found out. That it was not kept
 * can always be believed: one that was kept is on disk, and its id is nobody else's.
 */
export async function outcomeOf(
  executor: Executor,
  mark: TransactionMark,
): Promise<'committed' | 'aborted' | undefined> {
  const deadline = currentCall()?.deadline ?? Number.POSITIVE_INFINITY
  const giveUpAt = Math.min(performance.now() + SETTLE_MS, deadline)
  for (let asked = 1; performance.now() < giveUpAt; asked++) {
    try {
      const [row] = await executor.run(selectTransactionOutcome(mark))
      if (row === undefined || row.status === null) return undefined
      if (row.status === 'committed') return row.isSame ? 'committed' : undefined
      // Until the server notices that nobody listens, it may be in progress still.
      if (row.status === 'aborted') return 'aborted'
    } catch (error) {
      const failure = databaseError(error)
      if (failure.meta.sqlstate === IN_THE_FUTURE) return 'aborted'
      if (!isConnectionLost(failure)) return undefined
    }
    await pause(20 + backoff(asked, { baseMs: 20, maxMs: 500 }))
  }
  return undefined
}
