import { isFunesError } from '../errors/funes-error.js'
import { embedMemories } from '../models/catch-up.js'
import { MODEL_TTL_MS, modelReplaced } from '../models/current-model.js'
import type { EmbeddingModel } from '../models/types.js'
import { NOT_STORABLE } from '../sql/models.js'
import type { MemoryContext } from './context.js'
import type { MemoryKey } from './types.js'

/** The same context, in which the current model is `model` throughout, and the embedder is that model's. */
function pin(context: MemoryContext, model: EmbeddingModel): MemoryContext {
  const embedder = context.embedders.of(model.name)
  const { executor, engine, atomically, embedders, maxContentLength, retry, isConfined = false } = context
  return {
    executor,
    engine,
    atomically,
    embedders,
    maxContentLength,
    retry,
    isConfined,
    model: { ...context.model, get: async () => model },
    get embedder() {
      // One that is there, and makes vectors of another model, is not one that is missing.
      if (embedder === undefined && context.embedder !== undefined) {
        throw modelReplaced(context.embedder.model, model.name)
      }
      return embedder
    },
  }
}

/** Whether a statement was refused as another model took over from the one that it stores under. */
function isRefused(error: unknown): boolean {
  return isFunesError(error, 'DB.QUERY_FAILED') && error.meta.sqlstate === NOT_STORABLE
}

/** Whether an error may come of not knowing yet that another model took over. */
function isSuspect(error: unknown): boolean {
  return (
    isRefused(error) || isFunesError(error, 'MODEL.REPLACED', 'EMBEDDING.DIMENSION_MISMATCH', 'DB.CONFLICT')
  )
}

/** The model to try again with, after `error` under `model`. */
async function modelAfter(context: MemoryContext, model: EmbeddingModel, error: unknown) {
  // In a transaction, which a refusal has ended, the database answers no more.
  const next = await context.model.refresh().catch(() => undefined)
  if (next !== undefined && next.id !== model.id) return next
  throw isRefused(error) ? modelReplaced(model.name, null, error) : error
}

/** Who finds nothing asks again which model is in use, unless that was asked so recently, in milliseconds. */
const SURE_MS = 50

export interface UnderModel<T> {
  /** Whether the caller gives vectors, which are of the model that this Funes was set up with. */
  givesVectors: boolean
  /** Whether a result may come of a model that another took over from. */
  isDoubtful?: (result: T) => boolean
}

/**
 * Runs `work` with one model from its beginning to its end. When another took over meanwhile, nothing was stored, and it
 * runs once more with that one.
 *
 * @throws `MODEL.REPLACED` when the vectors at hand are not the new model's, or inside of a transaction that must be run again
 */
export async function underModel<T>(
  context: MemoryContext,
  { givesVectors, isDoubtful }: UnderModel<T>,
  work: (pinned: MemoryContext) => Promise<T>,
): Promise<T> {
  let model: EmbeddingModel
  const guess =
    isDoubtful === undefined || context.model.isNewerThan(MODEL_TTL_MS) ? undefined : context.model.guess()
  try {
    model = guess ?? (await context.model.get())
  } catch {
    // Bad input comes first; then `work` meets the same error in its place.
    return work(context)
  }
  const run = async (under: EmbeddingModel) => {
    if (givesVectors) context.model.assertOwnVectors(under)
    return work(pin(context, under))
  }
  // A read harms nothing: it goes ahead under what was last known, while the database is asked whether that still holds.
  const asked = guess && context.model.refresh()
  asked?.catch(() => {})
  let result: T
  try {
    result = await run(model)
  } catch (error) {
    // Bad input comes first: that the database does not answer is told by whoever needs it.
    const now = await asked?.catch(() => undefined)
    if (now !== undefined && now.id !== model.id) return run(now)
    if (!isSuspect(error)) throw error
    return run(await modelAfter(context, model, error))
  }
  const confirmed = await asked
  if (confirmed !== undefined && confirmed.id !== model.id) return run(confirmed)
  if (!isDoubtful?.(result) || context.model.isNewerThan(SURE_MS)) return result
  const now = await context.model.refresh()
  return now.id === model.id ? result : run(now)
}

const BATCH = 200

/** Whether an error may have ended the transaction that it came up in. */
function isOfDatabase(error: unknown): boolean {
  return isFunesError(error) && !/^(EMBEDDING|INPUT)\./.test(error.code)
}

/** Gives memories their vectors under models that are being built, where their embedders are at hand. */
export async function addUnderNewModels(context: MemoryContext, keys: readonly MemoryKey[]): Promise<void> {
  if (keys.length === 0) return
  for (const model of context.model.building()) {
    const embedder = context.embedders.of(model.name)
    if (embedder === undefined) continue
    try {
      await embedMemories(context.executor, { model, embedder, batchSize: BATCH }, keys)
    } catch (error) {
      // The memory is stored. The re-embedding makes what is missing, and meets the same error.
      if (context.model.isInTransaction() && isOfDatabase(error)) throw error
    }
  }
}
