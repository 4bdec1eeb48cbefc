import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { buildIndex, dropIndexes } from '../indexes/build.js'
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
 * The model that all vectors are to be of; registered, if it is not yet, as its embedder says.
 *
 * @throws `MODEL.NOT_FOUND`, `EMBEDDING.REQUIRED`, `MODEL.INDEX_UNSUPPORTED`
 */
export async function onlyModel(engine: Engine, embedders: Embedders, name: string) {
  const models = createModels(engine, engine.kind)
  const known = embedders.of(name)
  const model =
    (await models.get(name)) ?? (known && (await models.register({ name, dimensions: known.dimensions })))
  if (!model) {
    throw funesError('MODEL.NOT_FOUND', `No embedding model is registered as ${JSON.stringify(name)}.`, {
      fix: 'Give createFunes its embedder, as `embedder` or among `embedders`.',
      meta: { model: name },
    })
  }
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
  onIndexing: () => void,
): Promise<T> {
  const models = (await engine.run(selectModels())).filter(
    ({ id, indexKind }) => ids.includes(id) && indexKind !== 'none',
  )
  const filled = new Set((await everyone.run(selectWithVectors(ids))).map(({ id }) => id))
  const bare = models.filter(({ id }) => !filled.has(id))
  for (const model of bare) await dropIndexes(engine, model)
  async function build() {
    for (const model of models) {
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
  onIndexing()
  await build()
  return result
}
