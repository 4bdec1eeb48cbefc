import { setImmediate } from 'node:timers/promises'
import type { Dataset, SeedRow } from '../datasets/dataset.js'
import type { StoreBatch } from './store.js'

export interface LoadOptions {
  /** Where to begin. */
  from: number
  batchSize: number
  signal: AbortSignal
  onProgress(stored: number): void
  /** Told of the batch that could not be stored, from its first row to its last. */
  onFailure(first: number, last: number): void
}

/** So many rows are made before the connection, which lives on the same thread, gets its turn. */
const ROWS_A_TURN = 50

/**
 * Stores the rows of a data set batch by batch. While the server takes one in, the next one is made.
 *
 * @throws what the signal was aborted with; then the batch under way is given up, and those before it stay
 */
export async function loadRows(
  dataset: Dataset,
  store: StoreBatch,
  { from, batchSize, signal, onProgress, onFailure }: LoadOptions,
): Promise<void> {
  let stored = from
  let storing: Promise<void> = Promise.resolve()
  let batch: SeedRow[] = []

  async function flush(): Promise<void> {
    const full = batch
    batch = []
    await storing
    signal.throwIfAborted()
    storing = store(full).then(
      () => {
        stored += full.length
        onProgress(stored)
      },
      (error) => {
        onFailure(stored, stored + full.length - 1)
        throw error
      },
    )
    // Reported where it is waited for.
    storing.catch(() => undefined)
  }

  try {
    for await (const row of dataset.rows(from, signal)) {
      batch.push(row)
      if (batch.length % ROWS_A_TURN === 0) {
        await setImmediate()
        signal.throwIfAborted()
      }
      if (batch.length >= batchSize) await flush()
    }
    if (batch.length > 0) await flush()
  } finally {
    // Nothing may close the connection under a batch that is being stored.
    await storing
  }
}
