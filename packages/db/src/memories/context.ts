import type { Embedder } from '../embedder.js'
import { embedAll } from '../embedder.js'
import type { Executor } from '../engine/executor.js'
import type { Retry } from '../engine/retry.js'
import { funesError } from '../errors/funes-error.js'
import type { CurrentModel } from '../models/current-model.js'
import type { Embedders } from '../models/embedders.js'
import type { VectorInput } from '../vector.js'

/** What every operation on memories works with. */
export interface MemoryContext {
  readonly executor: Executor
  readonly engine: 'server' | 'embedded'
  /** Runs `work` so that what it did through `executor` is kept together or not at all. */
  atomically<T>(work: () => Promise<T>): Promise<T>
  readonly model: CurrentModel
  readonly embedder: Embedder | undefined
  readonly embedders: Embedders
  readonly maxContentLength: number
  readonly retry: Retry
  /** Whether row-level security leaves out some of what a search of all users passes over. */
  readonly isConfined?: boolean
}

/**
 * Makes vectors of texts with the configured embedder.
 *
 * @throws `EMBEDDING.REQUIRED` when there is none, `EMBEDDING.FAILED`
 */
export function embedTexts(
  context: MemoryContext,
  texts: readonly string[],
): Promise<readonly VectorInput[]> {
  if (!context.embedder) {
    throw funesError('EMBEDDING.REQUIRED', 'There is no vector and no embedder to make one.', {
      fix: 'Give `embedding`, or give createFunes an `embedder`. `embedding: null` stores a memory without a vector.',
    })
  }
  return embedAll(context.embedder, texts)
}
