import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import type { Engine } from '../engine/engine.js'
import { checked } from '../input.js'
import type { CurrentModel } from '../models/current-model.js'
import { createModels, modelName, modelNotFound } from '../models/models.js'
import type { EmbeddingModel } from '../models/types.js'
import { type Indexed, selectIndexes } from '../sql/indexes.js'
import { setModelState } from '../sql/models.js'
import type { VectorInput } from '../vector.js'
import { type BuildOptions, buildIndex, dropIndexes } from './build.js'
import { type CalibrationResult, calibrateIndex } from './calibrate.js'
import { checkIndex, type IndexCheck } from './check.js'

/** A vector index as it stands in the database. */
export interface VectorIndex {
  readonly model: string
  /** Which vectors of the model's it is over. */
  readonly over: Indexed
  readonly name: string
  readonly valid: boolean
  /** On disk. */
  readonly bytes: number
}

export interface Calibrate extends CallOptions {
  /** The model in use unless given. */
  model?: string
  /** How many questions to make of stored vectors, 10 to 10,000; 200 unless given. */
  sample?: number
  /** Vectors to ask with in their place: real questions are the better judge. */
  queries?: readonly VectorInput[]
  /** Recall aimed at with `accuracy: 'high'`, 0.5 to 1; 0.98 unless given. */
  target?: number
  /** Results a search, 1 to 500; 10 unless given. */
  k?: number
  /** How many of the questions have their exact answers, which is what takes time. */
  onProgress?: (progress: { done: number; total: number }) => void
  signal?: AbortSignal
}

/**
 * The vector indexes of models, each of which has one of memories and one of tools. All but `list` and `check` must stand
 * outside of transactions.
 */
export interface Indexes {
  /** The vector indexes that there are, invalid ones too, and what interrupted rebuilds left. */
  list(options?: CallOptions): Promise<VectorIndex[]>
  /** Whether a model's indexes are there, valid, and taken by the planner: of one model, or of all that are to have them. */
  check(model?: string, options?: CallOptions): Promise<IndexCheck[]>
  /**
   * Builds those of a model's indexes that do not stand, on a server while writing goes on. Interrupted, it leaves nothing
   * that the next call does not remove. Answers whether there was anything to build.
   *
   * @throws `MODEL.NOT_FOUND`, `TRANSACTION.NOT_ALLOWED`, `DB.PERMISSION_DENIED`, `DB.POOLER`, `CALL.ABORTED`, what `onProgress` throws;
   * `DB.LOCK_TIMEOUT` when another build holds the right to it and does nothing
   */
  build(model: string, options?: BuildOptions & CallOptions): Promise<boolean>
  /**
   * Builds them anew, in place of those that stand, which serve until then.
   *
   * @throws as `build`; `MODEL.INDEX_UNSUPPORTED` for a model that is to have none
   */
  rebuild(model: string, options?: BuildOptions & CallOptions): Promise<void>
  /**
   * Removes them: searches compare every row from then on. Answers whether there was one.
   *
   * @throws `MODEL.NOT_FOUND`, `TRANSACTION.NOT_ALLOWED`
   */
  drop(model: string, options?: CallOptions): Promise<boolean>
  /**
   * Finds out how hard the index must be asked for the recall wanted, by comparing it with the full answer, and keeps that
   * with the model for every search to come, unless `kept` says that it could not. Worth repeating when the data has grown many times over.
   *
   * @throws `MODEL.NOT_FOUND`, `INPUT.INVALID`, `EMBEDDING.*`, `TRANSACTION.NOT_ALLOWED`, `CALL.ABORTED`
   */
  calibrate(options?: Calibrate): Promise<CalibrationResult>
}

const onProgress = z.custom<(progress: never) => void>((f) => typeof f === 'function', 'must be a function')
const signal = z.custom<AbortSignal>((s) => s instanceof AbortSignal, 'must be an AbortSignal')
const buildSchema = z.strictObject({ onProgress: onProgress.optional(), signal: signal.optional() })
const calibrateSchema = z.strictObject({
  model: modelName.optional(),
  sample: z.int().min(10).max(10_000).optional(),
  queries: z.array(z.unknown()).min(1, 'must not be empty').max(10_000).optional(),
  target: z.number().min(0.5).max(1).optional(),
  k: z.int().min(1).max(500).optional(),
  onProgress: onProgress.optional(),
  signal: signal.optional(),
})

export function createIndexes(engine: Engine, current: CurrentModel): Indexes {
  const models = createModels(engine, engine.kind)

  async function known(name: string): Promise<EmbeddingModel> {
    const model = await models.get(checked(modelName, name))
    if (model === null) throw modelNotFound(name)
    return model
  }

  return {
    async list() {
      const names = new Map((await models.list()).map(({ id, name }) => [id, name]))
      const rows = await engine.run(selectIndexes)
      return rows.flatMap(({ modelId, over, name, valid, bytes }) => {
        const model = names.get(modelId)
        return model === undefined ? [] : [{ model, over, name, valid, bytes }]
      })
    },
    async check(name) {
      const asked = name === undefined ? await models.list() : [await known(name)]
      const checks: IndexCheck[] = []
      for (const model of asked) {
        if (model.indexKind === 'none' || (name === undefined && model.state === 'retired')) continue
        checks.push(await checkIndex(engine, engine.kind, model, { isShared: !engine.isInTransaction() }))
      }
      return checks
    },
    async build(name, options = {}) {
      engine.assertOutsideTransaction('indexes.build')
      checked(buildSchema, options)
      const model = await known(name)
      const built = await buildIndex(engine, model, options)
      if (model.state === 'building') await engine.run(setModelState(model.id, 'active'))
      return built
    },
    async rebuild(name, options = {}) {
      engine.assertOutsideTransaction('indexes.rebuild')
      checked(buildSchema, options)
      await buildIndex(engine, await known(name), { ...options, rebuild: true })
    },
    async drop(name) {
      engine.assertOutsideTransaction('indexes.drop')
      return dropIndexes(engine, await known(name))
    },
    async calibrate(options = {}) {
      engine.assertOutsideTransaction('indexes.calibrate')
      const input = checked(calibrateSchema, options)
      const model = input.model === undefined ? await current.refresh() : await known(input.model)
      return calibrateIndex(engine, current, model, {
        sample: input.sample ?? 200,
        target: input.target ?? 0.98,
        k: input.k ?? 10,
        queries: options.queries,
        onProgress: options.onProgress,
        signal: options.signal,
      })
    },
  }
}
