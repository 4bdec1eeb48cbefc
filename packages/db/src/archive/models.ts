import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { allowsSessions, assertSessions } from '../engine/own-backend.js'
import { funesError } from '../errors/funes-error.js'
import { buildIndex, dropIndexes, isIndexBuilt, makeIndex } from '../indexes/build.js'
import { type Embedders, embedderFor } from '../models/embedders.js'
import { createModels } from '../models/models.js'
import type { EmbeddingModel } from '../models/types.js'
import { insertGiven } from '../sql/archive-import.js'
import { adoptModels } from '../sql/archive-models.js'
import { selectModels } from '../sql/models.js'
import { selectWithVectors } from '../sql/reembed.js'
import type { ArchiveRecord } from './check-records.js'
import type { Header } from './format.js'
import { givenRows, type OpenNumbers } from './rows.js'

/**
 * Looks whether all vectors can be of one model, and changes nothing.
 *
 * @throws `MODEL.NOT_FOUND`, `EMBEDDING.REQUIRED`
 */
export async function assertOnly(engine: Engine, embedders: Embedders, name: string): Promise<void> {
  const model = await createModels(engine, engine.kind).get(name)
  if (model) embedderFor(model, undefined, embedders)
  else if (!embedders.of(name)) {
    throw funesError('MODEL.NOT_FOUND', `No embedding model is registered as ${JSON.stringify(name)}.`, {
      fix: 'Give createFunes its embedder, as `embedder` or among `embedders`.',
      meta: { model: name },
    })
  }
}

/**
 * The model that all vectors are to be of; registered, if it is not yet, as its embedder says.
 *
 * @throws `MODEL.INDEX_UNSUPPORTED`
 */
export async function onlyModel(engine: Engine, embedders: Embedders, name: string) {
  const models = createModels(engine, engine.kind, (model) => makeIndex(engine, model))
  const known = await models.get(name)
  const dimensions = embedders.of(name)?.dimensions ?? 0
  const model = known ?? (await models.register({ name, dimensions }))
  return { model, embedder: embedderFor(model, undefined, embedders) }
}

/**
 * Looks whether models of the archive's names are the same here.
 *
 * @throws `MODEL.CONFLICT`
 */
export function assertSameModels(here: readonly EmbeddingModel[], records: readonly ArchiveRecord[]): void {
  const byName = new Map(here.map((model) => [model.name, model]))
  for (const { row, line } of records) {
    const model = byName.get(row.name as string)
    if (model === undefined) continue
    const differs = (['dimensions', 'metric'] as const).filter((key) => model[key] !== row[key])
    if (differs.length === 0) continue
    throw funesError(
      'MODEL.CONFLICT',
      `The archive has a model of that name with another ${differs.join(' and ')}.`,
      {
        fix: 'Give `model`, the name of one whose vectors are to be made anew, or import into another database.',
        meta: { model: model.name, differs, line },
      },
    )
  }
}

/** Takes the archive's models over: those that are missing, and what it says of those that nobody has used here. */
export async function storeModels(
  executor: Executor,
  records: readonly ArchiveRecord[],
  header: Header,
  { numbers, isEmpty }: { numbers: OpenNumbers; isEmpty: boolean },
): Promise<void> {
  const before = new Set((await executor.run(selectModels())).map(({ name }) => name))
  const given = givenRows('embedding_models', records, header, numbers)
  await executor.run(insertGiven(given))
  const here = new Map((await executor.run(selectModels())).map(({ name, id }) => [name, id]))
  for (const { row } of records) {
    const id = here.get(row.name as string)
    if (id !== undefined) numbers.embedding_models[String(row.id)] = id
  }
  const names = records.map(({ row }) => row.name as string).filter((name) => isEmpty || !before.has(name))
  await executor.run(adoptModels(givenRows('embedding_models', records, header, numbers), names))
}

/**
 * Runs `load` while models that have no vectors yet have no index: one that is built over all vectors takes a fraction of
 * the time of one that grows with them. Whatever index is missing in the end is built, also one that an interrupted import
 * took away.
 *
 * @param everyone sees the rows of all users
 */
export async function withoutIndexes<T>(
  engine: Engine,
  everyone: Executor,
  ids: readonly number[],
  load: () => Promise<T>,
  onIndexing: () => unknown,
): Promise<T> {
  const models = (await engine.run(selectModels())).filter(
    ({ id, indexKind }) => ids.includes(id) && indexKind !== 'none',
  )
  const filled = new Set((await everyone.run(selectWithVectors(ids))).map(({ id }) => id))
  const bare = models.filter(({ id }) => !filled.has(id))
  const isSession = await allowsSessions(engine.pool)
  if (isSession) for (const model of bare) await dropIndexes(engine, model)
  // Behind a pooler in transaction mode the index grows with the rows, unless it is missing: then that is said beforehand.
  else if (!(await Promise.all(bare.map((model) => isIndexBuilt(engine, model)))).every(Boolean)) {
    await assertSessions(engine.pool)
  }
  async function build() {
    for (const model of models) {
      if (!isSession && (await isIndexBuilt(engine, model))) continue
      if (model.state !== 'retired' || bare.includes(model)) await buildIndex(engine, model, {})
    }
  }
  let result: T
  try {
    result = await load()
  } catch (error) {
    await build().catch(() => {})
    throw error
  }
  await onIndexing()
  await build()
  return result
}
