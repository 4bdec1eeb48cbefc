import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { isFunesError } from '../errors/funes-error.js'
import { lockMemoryWrites, replaceModels } from '../sql/models.js'
import { meanAllUsers } from '../sql/purge.js'
import { limitLockWait } from '../sql/reembed.js'
import { lockToolWrites } from '../sql/reembed-tools.js'

/** Writers queue up behind a lock that is waited for: for no longer than this. */
const LOCK_WAIT_MS = 1000
const LOCK_ATTEMPTS = 30
const PAUSE_MS = 500
/** How long the transaction may last as a whole; its work is one batch. */
const TIMEOUT_MS = 600_000

/**
 * Holds all writing of memories and tools up for as long as `work` takes, in one transaction that means the rows of all
 * users; reading goes on.
 *
 * @throws `DB.LOCK_TIMEOUT` when a transaction that writes memories does not end
 */
export async function whileNobodyWrites<T>(
  engine: Engine,
  work: (executor: Executor) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await engine.transaction(
        async (scope) => {
          await scope.run(limitLockWait(LOCK_WAIT_MS))
          await scope.run(meanAllUsers)
          await scope.run(lockMemoryWrites)
          await scope.run(lockToolWrites)
          return work(scope)
        },
        { isolationLevel: 'ReadCommitted', timeoutMs: TIMEOUT_MS },
      )
    } catch (error) {
      if (!isFunesError(error, 'DB.LOCK_TIMEOUT', 'DB.CONFLICT') || attempt === LOCK_ATTEMPTS) throw error
      await sleep(PAUSE_MS, undefined, signal && { signal })
    }
  }
}

/**
 * Makes `to` the model in use in place of `from`, unless `ready` says that something is still to be done; answers what it
 * said. Nobody writes from before `ready` until after the change, so what it saw is all there is.
 */
export async function switchModels(
  engine: Engine,
  from: readonly number[],
  to: number,
  ready: (executor: Executor) => Promise<boolean>,
  signal?: AbortSignal,
): Promise<boolean> {
  return whileNobodyWrites(
    engine,
    async (executor) => {
      if (!(await ready(executor))) return false
      await executor.run(replaceModels(from, to))
      return true
    },
    signal,
  )
}
