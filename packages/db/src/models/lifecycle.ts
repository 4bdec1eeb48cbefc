import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import type { Embedder } from '../embedder.js'
import type { Engine } from '../engine/engine.js'
import { assertSessions } from '../engine/own-backend.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import { buildIndex, dropIndexes, isIndexBuilt, makeIndex } from '../indexes/build.js'
import { checked } from '../input.js'
import { replaceModels, selectFollowed, setModelState } from '../sql/models.js'
import { countVectors, selectWithVectors } from '../sql/reembed.js'
import type { CurrentModel } from './current-model.js'
import { type Embedders, embedderFor } from './embedders.js'
import { assertSeesEveryone, atLength, everyone } from './everyone.js'
import { createModels, type Models, modelName, modelNotFound } from './models.js'
import type { ReembedProgress } from './progress.js'
import { runReembedding } from './reembed.js'
import { assertComplete, removeVectors } from './retire.js'
import { switchModels, whileNobodyWrites } from './switch.js'
import type { EmbeddingModel } from './types.js'

export interface ReembedModel extends CallOptions {
  /** The name of a registered model. */
  to: string
  /** Makes the vectors; unless given, the embedder of that model among those that createFunes was given. This Funes keeps it for texts to come, unless it failed. */
  embed?: Embedder['embed']
  /** The model to take over from; the one this Funes uses unless given. */
  from?: string
  /** Also memories that were stored without a vector. */
  all?: boolean
  /** Texts a call of `embed`, 1 to 1,000; 100 unless given. */
  batchSize?: number
  onProgress?: (progress: ReembedProgress) => void
  /** Stops it between two batches; a later call goes on from there. */
  signal?: AbortSignal
}

export interface RetireOptions extends CallOptions {
  /** Also removes its vectors and its index; unless given, they stay and `models.activate` can bring the model back. */
  remove?: boolean
  /** Retires it, and removes its vectors, although memories or tools have them under no other model. */
  force?: boolean
  /** Vectors a statement, 1 to 10,000; 1,000 unless given. */
  batchSize?: number
  onProgress?: (removed: number) => void
  signal?: AbortSignal
}

/** What can be done to models outside of a transaction. */
export interface ModelLifecycle extends Models {
  /**
   * Makes a model the one that memories are stored and searched under, in one transaction. Every process that was set up
   * with the one before follows.
   *
   * @throws `MODEL.NOT_FOUND`, `MODEL.INCOMPLETE` and `DB.PERMISSION_DENIED` (where row-level security hides rows) unless `force`,
   * `TRANSACTION.NOT_ALLOWED`, `DB.LOCK_TIMEOUT`
   */
  activate(name: string, options?: { force?: boolean } & CallOptions): Promise<EmbeddingModel>
  /**
   * Takes a model out of use, for good with `remove`. Answers with how many memories' vectors were removed.
   *
   * @throws `MODEL.NOT_FOUND`, `MODEL.IN_USE`, `MODEL.INCOMPLETE` unless `force`, `TRANSACTION.NOT_ALLOWED`, `DB.LOCK_TIMEOUT`,
   * `DB.PERMISSION_DENIED` where row-level security hides rows
   */
  retire(name: string, options?: RetireOptions): Promise<{ removed: number }>
  /**
   * Gives all memories, and all tools that have a vector, one under another model while adding and searching go on, builds
   * its index, and makes it the one in use, in one transaction. Stopped or killed, the next call goes on where it was.
   * Until then the model is `building`, and adds with its embedder at hand make its vectors too: to give it up, `retire` it.
   *
   * @throws `MODEL.NOT_FOUND`, `EMBEDDING.*`, `INPUT.INVALID`, `TRANSACTION.NOT_ALLOWED`, `DB.LOCK_TIMEOUT`, `DB.POOLER`, `CALL.ABORTED`,
   * `DB.PERMISSION_DENIED` where row-level security hides rows
   * @example
   * await funes.models.register({ name: 'new-model', dimensions: 512, buildIndex: false })
   * await funes.models.reembed({ to: 'new-model', embed, onProgress: ({ done, total }) => console.log(done, total) })
   */
  reembed(options: ReembedModel): Promise<{ embedded: number }>
}

const isFunction = (f: unknown) => typeof f === 'function'
const onProgress = z.custom<(progress: never) => void>(isFunction, 'must be a function').optional()
const signal = z.custom<AbortSignal>((s) => s instanceof AbortSignal, 'must be an AbortSignal').optional()
const activateSchema = z.strictObject({ force: z.boolean().optional() })
const retireSchema = z.strictObject({
  remove: z.boolean().optional(),
  force: z.boolean().optional(),
  batchSize: z.int().min(1).max(10_000).optional(),
  onProgress,
  signal,
})
const reembedSchema = z.strictObject({
  to: modelName,
  from: modelName.optional(),
  embed: z.custom<Embedder['embed']>(isFunction, 'must be a function').optional(),
  all: z.boolean().optional(),
  batchSize: z.int().min(1).max(1000).optional(),
  onProgress,
  signal,
})

export function createModelLifecycle(
  engine: Engine,
  current: CurrentModel,
  embedders: Embedders,
): ModelLifecycle {
  const models = createModels(engine, engine.kind, (model) => makeIndex(engine, model))

  async function known(name: string): Promise<EmbeddingModel> {
    const model = await models.get(checked(modelName, name))
    if (model === null) throw modelNotFound(name)
    return model
  }

  /** Which models the one called `to` takes over from; none when it did already. */
  async function sources(to: EmbeddingModel, from: string | undefined): Promise<EmbeddingModel[]> {
    if (from !== undefined) return [await known(from)].filter(({ id }) => id !== to.id)
    const inUse = await current.refresh()
    if (inUse.id !== to.id) return [inUse]
    // Set up with the new model: whatever else has vectors is what it takes over from.
    const others = (await models.list()).filter(({ id, state }) => id !== to.id && state === 'active')
    const withVectors = await everyone(engine).run(selectWithVectors(others.map(({ id }) => id)))
    const filled = new Set(withVectors.map(({ id }) => id))
    const old = others.filter(({ id }) => filled.has(id))
    if (old.length <= 1) return old
    throw funesError('INPUT.INVALID', 'from: is required, as several models have vectors.', {
      fix: `Name one of ${old.map(({ name }) => JSON.stringify(name)).join(', ')}.`,
      meta: { path: 'from', models: old.map(({ name }) => name) },
    })
  }

  async function reembed(options: ReembedModel): Promise<{ embedded: number }> {
    engine.assertOutsideTransaction('models.reembed')
    const input = checked(reembedSchema, options)
    const model = await known(input.to)
    await assertSeesEveryone(engine)
    const embedder = embedderFor(model, options.embed, embedders)
    const from = await sources(model, input.from)
    const hasIndex = model.indexKind !== 'none'
    // Its index is built when all vectors are there, hours later perhaps.
    if (hasIndex) await assertSessions(engine.pool)
    const own: Embedder = { ...embedder, model: model.name, embed: (texts, o) => embedder.embed(texts, o) }
    const forget = embedders.add(own)
    if (from.length === 0 && options.all !== true) {
      await makeIndex(engine, model)
      if (model.state === 'building') await engine.run(setModelState(model.id, 'active'))
      return { embedded: 0 }
    }
    // An index that grows with the vectors takes several times as long as one built over all of them.
    const [filled] = await everyone(engine).run(countVectors(model.id))
    if (filled?.vectors === 0 && hasIndex) await dropIndexes(engine, model, options.signal)
    const reembedding = runReembedding(engine, {
      takeover: { from: from.map(({ id }) => id), to: model.id, all: input.all ?? false },
      target: { model, embedder, batchSize: input.batchSize ?? 100 },
      buildIndex: () => buildIndex(engine, model, { signal: options.signal }),
      onProgress: options.onProgress,
      signal: options.signal,
    })
    const embedded = await reembedding.catch((error: unknown) => {
      // Neither the adds to come nor a call that names none are to ask one that failed.
      if (isFunesError(error, 'EMBEDDING.FAILED')) forget()
      throw error
    })
    current.follow(model.name)
    return { embedded }
  }

  return {
    ...models,
    reembed,
    async activate(name, options = {}) {
      engine.assertOutsideTransaction('models.activate')
      const { force = false } = checked(activateSchema, options)
      const to = await known(name)
      const from = await current.refresh()
      if (!force) await assertSeesEveryone(engine)
      if (to.indexKind !== 'none' && !(await isIndexBuilt(engine, to))) await buildIndex(engine, to, {})
      await switchModels(
        engine,
        [from.id].filter((id) => id !== to.id),
        to.id,
        async (executor) => {
          if (!force && from.id !== to.id) await assertComplete(executor, [from], to)
          return true
        },
      )
      current.follow(to.name)
      return known(name)
    },
    async retire(name, options = {}) {
      engine.assertOutsideTransaction('models.retire')
      const { remove = false, force = false, batchSize = 1000 } = checked(retireSchema, options)
      const model = await known(name)
      if (remove && model.indexKind !== 'none') await assertSessions(engine.pool)
      const inUse = await current.refresh()
      if (model.id === inUse.id) {
        throw funesError('MODEL.IN_USE', `The model ${JSON.stringify(name)} is in use.`, {
          fix: 'Activate another model first, or call `models.reembed` to go over to one.',
          meta: { model: name },
        })
      }
      if (remove || !force) await assertSeesEveryone(engine)
      if (model.state !== 'retired') {
        await whileNobodyWrites(engine, async (executor) => {
          if (!force) await assertComplete(executor, [model], inUse)
          await executor.run(replaceModels([model.id], inUse.id))
        })
      } else if (remove && !force) {
        // It may have been retired by force; only now its vectors would be gone for good.
        const followed = await engine.run(selectFollowed(name))
        const heir = followed.find(({ id, isCurrent }) => isCurrent && id !== model.id) ?? inUse
        await atLength(engine, (executor) => assertComplete(executor, [model], heir))
      }
      if (!remove) return { removed: 0 }
      const { onProgress, signal } = options
      if (model.indexKind !== 'none') await dropIndexes(engine, model, signal)
      return { removed: await removeVectors(engine, model, { batchSize, onProgress, signal }) }
    },
  }
}
