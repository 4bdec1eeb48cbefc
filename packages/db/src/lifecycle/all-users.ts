import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { meanAllUsers } from '../sql/purge.js'

/** A batch takes moments; this is for one that finds the server very busy. */
const TIMEOUT_MS = 300_000
/** Batches lock many rows, so they are more likely than others to be the victim of a deadlock. */
const RETRY = { attempts: 8 }

/**
 * Runs `work` in a transaction that means the rows of all users, where row-level security asks. It runs again when nothing
 * of it was kept.
 *
 * @throws what `work` throws, `DB.*`
 */
export function meaningAllUsers<T>(engine: Engine, work: (executor: Executor) => Promise<T>): Promise<T> {
  return engine.transaction(
    async (transaction) => {
      await transaction.run(meanAllUsers)
      return work(transaction)
    },
    { timeoutMs: TIMEOUT_MS, retry: RETRY },
  )
}
