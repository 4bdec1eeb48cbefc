import type pg from 'pg'
import { selectKnownLimits, type TransactionLimits } from '../sql/transaction-outcome.js'
import { runOn } from './on-client.js'
import type { OpenPool } from './pool.js'

/** The limits that a transaction on `client` must be given; undefined where the server knows them all. */
export type LocalLimits = (client: pg.ClientBase) => Promise<TransactionLimits | undefined>

/**
 * Connections of our own are opened with their limits, unless a pooler refuses that. Of a caller's pool it is looked once
 * which are there: those stay, and what is missing is set in each transaction.
 */
export function createLocalLimits(
  { kind, isOwn, isLimitedByServer }: OpenPool,
  wanted: { readonly statement: number; readonly lock: number; readonly idle: number },
): LocalLimits {
  let missing: TransactionLimits | undefined
  let isKnown = false
  return async (client) => {
    if (kind === 'embedded') return undefined
    if (isOwn) return isLimitedByServer() ? undefined : wanted
    if (!isKnown) {
      const [known] = await runOn(client, selectKnownLimits)
      if (known === undefined) return wanted
      const all = known.statement && known.lock && known.idle
      missing = all
        ? undefined
        : {
            statement: known.statement ? null : wanted.statement,
            lock: known.lock ? null : wanted.lock,
            idle: known.idle ? null : wanted.idle,
          }
      isKnown = true
    }
    return missing
  }
}
