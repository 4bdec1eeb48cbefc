import type { Retry } from '../engine/retry.js'
import { withMeta } from '../errors/database-error.js'
import { isFunesError } from '../errors/funes-error.js'
import type { Turn } from './load-turns.js'

/** Batches that are not kept yet, in their order, and how those are stored again that may be. */
export interface Unkept<Batch> {
  add(batch: Batch): void
  /** Stores one in its turn. */
  keep(batch: Batch, turn: Turn): Promise<void>
  /**
   * Stores all that there are, one after the other, as long as what goes wrong may be tried again.
   *
   * @param failure why there are any
   * @throws it, or what went wrong last
   */
  keepAll(failure: unknown, assertWanted: () => void): Promise<void>
}

/** @param store stores a batch, says of which of its errors it may be done again, and takes no turn unless given one */
export function createUnkept<Batch>(
  retry: Retry,
  store: (batch: Batch, mayRepeat: (error: unknown) => void, turn?: Turn) => Promise<void>,
): Unkept<Batch> {
  const batches: Batch[] = []
  const repeatable = new WeakSet<object>()
  const mayRepeat = (error: unknown) => void repeatable.add(error as object)

  async function keep(batch: Batch, turn?: Turn): Promise<void> {
    await store(batch, mayRepeat, turn)
    batches.splice(batches.indexOf(batch), 1)
  }

  return {
    add: (batch) => void batches.push(batch),
    keep,
    async keepAll(failure, assertWanted) {
      let made = 1
      for (let error = failure; ; made++) {
        if (typeof error !== 'object' || error === null || !repeatable.has(error)) throw error
        assertWanted()
        if (!(await retry.again(made))) {
          throw isFunesError(error) ? withMeta(error, { attempts: made }) : error
        }
        try {
          for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
            assertWanted()
            await keep(batch)
            made = 0
          }
          return
        } catch (next) {
          error = next
        }
      }
    },
  }
}
