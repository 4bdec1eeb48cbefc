import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { createIndexes } from '../sql/indexes.js'
import { insertModel, selectModel, selectModels } from '../sql/models.js'
import { assertIndexable, defaultIndexKind } from './index-kind.js'
import { type EmbeddingModel, INDEX_KINDS, METRICS, type RegisterModel } from './types.js'

/** The encoders whose vectors are kept: each has its dimensions, its metric and its index. */
export interface Models {
  /**
   * Registers an encoder and builds its index. Doing it again with the same facts changes nothing, but builds an index
   * that is missing.
   *
   * @throws `INPUT.INVALID`, `MODEL.CONFLICT`, `MODEL.INDEX_UNSUPPORTED`, `DB.PERMISSION_DENIED`
   */
  register(model: RegisterModel & CallOptions): Promise<EmbeddingModel>
  /** All models, in the order of their registration. */
  list(options?: CallOptions): Promise<EmbeddingModel[]>
  /**
   * The model, or null.
   *
   * @throws `INPUT.INVALID`
   */
  get(name: string, options?: CallOptions): Promise<EmbeddingModel | null>
}

export const modelName = z.string().min(1).max(200)
const registerSchema = z.strictObject({
  name: modelName,
  dimensions: z.int().min(1).max(16_000),
  metric: z.enum(METRICS).optional(),
  indexKind: z.enum(INDEX_KINDS).optional(),
  buildIndex: z.boolean().optional(),
})

function assertSame(existing: EmbeddingModel, asked: RegisterModel): void {
  const differs = (['dimensions', 'metric', 'indexKind'] as const).filter(
    (key) => asked[key] !== undefined && asked[key] !== existing[key],
  )
  if (differs.length === 0) return
  throw funesError('MODEL.CONFLICT', `The model is registered with another ${differs.join(' and ')}.`, {
    fix: 'Register the other encoder under a name of its own.',
    meta: {
      model: existing.name,
      differs,
      registered: Object.fromEntries(differs.map((key) => [key, existing[key]])),
    },
  })
}

/** The answer to a name that no model has. */
export function modelNotFound(name: string) {
  return funesError('MODEL.NOT_FOUND', `No embedding model is registered as ${JSON.stringify(name)}.`, {
    fix: 'Register it: `funes.models.register({ name, dimensions })`.',
    meta: { model: name },
  })
}

/** @param build makes the index of a model whose index may be missing; unless given, in one statement that writers wait for */
export function createModels(
  executor: Executor,
  engine: 'server' | 'embedded',
  build: (model: EmbeddingModel) => Promise<unknown> = (model) => executor.run(createIndexes(model)),
): Models {
  async function get(name: string): Promise<EmbeddingModel | null> {
    const [row] = await executor.run(selectModel(checked(modelName, name)))
    return row ?? null
  }
  return {
    get,
    async register(model) {
      const asked = checked(registerSchema, model) as RegisterModel
      const metric = asked.metric ?? 'cosine'
      const indexKind = asked.indexKind ?? defaultIndexKind(engine, asked.dimensions, metric)
      assertIndexable(indexKind, asked.dimensions, metric)
      const withIndex = asked.buildIndex !== false && indexKind !== 'none'
      const state = withIndex || indexKind === 'none' ? 'active' : 'building'
      const [made] = await executor.run(
        insertModel({ name: asked.name, dimensions: asked.dimensions, metric, indexKind, state }),
      )
      const registered = made ?? ((await get(asked.name)) as EmbeddingModel)
      assertSame(registered, asked)
      // One that is being built gets its index when its vectors are there, unless it is asked for in so many words.
      const isDue = registered.state === 'active' || (registered.state === 'building' && asked.buildIndex)
      if (withIndex && isDue && registered.indexKind !== 'none') await build(registered)
      return registered
    },
    list: () => executor.run(selectModels()),
  }
}
