import { databaseError, isConnectionLost } from '../errors/database-error.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import { selectTransactionStatus } from '../sql/transaction-outcome.js'
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

/** What became of the transaction `id`, whose COMMIT was not answered; undefined when that cannot be found out. */
export async function outcomeOf(
  executor: Executor,
  id: string,
): Promise<'committed' | 'aborted' | undefined> {
  const deadline = currentCall()?.deadline ?? Number.POSITIVE_INFINITY
  const giveUpAt = Math.min(performance.now() + SETTLE_MS, deadline)
  for (let asked = 1; performance.now() < giveUpAt; asked++) {
    try {
      const [row] = await executor.run(selectTransactionStatus(id))
      if (row === undefined || row.status === null) return undefined
      // Until the server notices that nobody listens, it may be in progress still.
      if (row.status !== 'in progress') return row.status
    } catch (error) {
      if (!isConnectionLost(databaseError(error))) return undefined
    }
    await pause(20 + backoff(asked, { baseMs: 20, maxMs: 500 }))
  }
  return undefined
}
