import { z } from 'zod'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { createMemoryIndex, insertModel, selectModel, selectModels } from '../sql/models.js'
import { assertIndexable, defaultIndexKind } from './index-kind.js'
import { type EmbeddingModel, INDEX_KINDS, METRICS, type RegisterModel } from './types.js'

export interface Models {
  /**
   * Registers an encoder and builds its index. Doing it again with the same facts changes nothing.
   *
   * @throws `INPUT.INVALID`, `MODEL.CONFLICT`, `MODEL.INDEX_UNSUPPORTED`, `DB.PERMISSION_DENIED`
   */
  register(model: RegisterModel): Promise<EmbeddingModel>
  list(): Promise<EmbeddingModel[]>
  /** The model, or null. */
  get(name: string): Promise<EmbeddingModel | null>
}

const nameSchema = z.string().min(1).max(200)
const registerSchema = z.strictObject({
  name: nameSchema,
  dimensions: z.int().min(1).max(16_000),
  metric: z.enum(METRICS).optional(),
  indexKind: z.enum(INDEX_KINDS).optional(),
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

export function createModels(executor: Executor, engine: 'server' | 'embedded'): Models {
  async function get(name: string): Promise<EmbeddingModel | null> {
    const [row] = await executor.run(selectModel(checked(nameSchema, name)))
    return row ?? null
  }
  return {
    get,
    async register(model) {
      const asked = checked(registerSchema, model) as RegisterModel
      const metric = asked.metric ?? 'cosine'
      const indexKind = asked.indexKind ?? defaultIndexKind(engine, asked.dimensions, metric)
      assertIndexable(indexKind, asked.dimensions, metric)
      const [made] = await executor.run(
        insertModel({ name: asked.name, dimensions: asked.dimensions, metric, indexKind }),
      )
      const registered = made ?? ((await get(asked.name)) as EmbeddingModel)
      assertSame(registered, asked)
      if (registered.indexKind !== 'none') await executor.run(createMemoryIndex(registered))
      return registered
    },
    list: () => executor.run(selectModels()),
  }
}

/** The one model that a Funes stores and searches under, read once. */
export interface CurrentModel {
  get(): Promise<EmbeddingModel>
}

/** @throws from `get`: `MODEL.NOT_FOUND`, `DB.NOT_MIGRATED` */
export function createCurrentModel(models: Models, name: string): CurrentModel {
  let known: EmbeddingModel | undefined
  return {
    async get() {
      known ??= (await models.get(name)) ?? undefined
      if (known) return known
      throw funesError('MODEL.NOT_FOUND', `No embedding model is registered as ${JSON.stringify(name)}.`, {
        fix: 'Run `await funes.migrate()` with the embedder given to createFunes, or `funes.models.register({ name, dimensions })`.',
        meta: { model: name },
      })
    },
  }
}
