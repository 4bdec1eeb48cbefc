import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { BuildSession } from '../engine/session.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import type { EmbeddingModel } from '../models/types.js'
import {
  createIndex,
  createIndexConcurrently,
  createIndexes,
  dropIndex,
  INDEXED,
  type Indexed,
  type IndexRow,
  limitLockWaits,
  reindex,
  reindexConcurrently,
  selectIndexes,
  selectTableRows,
} from '../sql/indexes.js'
import { whileNobodyBuilds } from './build-lock.js'
import { type BuildProgress, watchBuild } from './watch-build.js'

export interface BuildOptions {
  /** On a server, what PostgreSQL says about the build, twice a second: first of the index of memories, then of that of tools. */
  onProgress?: ((progress: BuildProgress) => void) | undefined
  /**
   * On a server, cancels the build. What is left of it is removed at once, or, where a transaction of others holds that up,
   * by the next build.
   */
  signal?: AbortSignal | undefined
}

type Building = BuildOptions & { rebuild: boolean }

/** Up to so many vectors a build that writers wait for is over before they notice. */
const QUICK_ROWS = 2000

/** Such a build waits so long for writers, as others stand in line behind it. */
const QUICK_LOCK_WAIT_MS = 1000

/** So long a build that did not come to its end tries to remove what is left of it. */
const CLEAN_UP_WAIT_MS = 1500

const OUT_OF_SHARED_MEMORY = ['53100', '53200']

async function indexesOf(executor: Executor, modelId: number): Promise<IndexRow[]> {
  return (await executor.run(selectIndexes)).filter((row) => row.modelId === modelId)
}

/** Whether the model's indexes are there, and valid: that of memories, and that of tools, or those of `over` alone. */
export async function isIndexBuilt(
  executor: Executor,
  model: EmbeddingModel,
  over: readonly Indexed[] = INDEXED,
): Promise<boolean> {
  const rows = await indexesOf(executor, model.id)
  return over.every((one) => rows.some((row) => row.over === one && row.leftover === null && row.valid))
}

/** Removes what interrupted builds left, and says whether the index itself stands. */
async function cleanUp(
  session: Executor,
  modelId: number,
  over: Indexed,
  concurrently: boolean,
): Promise<boolean> {
  let stands = false
  for (const row of await indexesOf(session, modelId)) {
    if (row.over !== over) continue
    if (row.leftover === null && row.valid) stands = true
    else await session.run(dropIndex(row, { concurrently }))
  }
  return stands
}

function isOutOfSharedMemory(error: unknown): boolean {
  return isFunesError(error) && OUT_OF_SHARED_MEMORY.includes(error.meta.sqlstate as string)
}

async function buildOnServer(
  engine: Engine,
  session: BuildSession,
  model: EmbeddingModel,
  over: Indexed,
  { rebuild, onProgress, signal }: Building,
): Promise<boolean> {
  let stands = false
  const tidy = async () => {
    stands = await cleanUp(session, model.id, over, true)
  }
  try {
    // What an earlier build left may be held by a transaction for as long as that likes.
    await watchBuild(engine, session, { onProgress: undefined, signal }, tidy)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  if (stands && !rebuild) return false
  const make = () =>
    session.run(stands ? reindexConcurrently(model.id, over) : createIndexConcurrently(model, over))
  const watched = () => watchBuild(engine, session, { onProgress, signal }, make)
  try {
    await watched().catch(async (error: unknown) => {
      if (!isOutOfSharedMemory(error)) throw error
      await cleanUp(session, model.id, over, true)
      await session.buildAlone()
      await watched()
    })
  } catch (error) {
    // Whoever interrupts a build does not want to wait for the transaction that it waited for.
    await session.run(limitLockWaits(CLEAN_UP_WAIT_MS)).catch(() => {})
    await cleanUp(session, model.id, over, true).catch(() => {})
    signal?.throwIfAborted()
    throw error
  }
  return true
}

/** The embedded engine has one connection: while it builds nobody else is there to be held up. */
async function buildEmbedded(
  session: BuildSession,
  model: EmbeddingModel,
  over: Indexed,
  { rebuild }: Building,
): Promise<boolean> {
  const stands = await cleanUp(session, model.id, over, false)
  if (stands && !rebuild) return false
  await session.run(stands ? reindex(model.id, over) : createIndex(model, over))
  return true
}

function assertHasIndex(model: EmbeddingModel): void {
  if (model.indexKind !== 'none') return
  throw funesError(
    'MODEL.INDEX_UNSUPPORTED',
    `The model ${JSON.stringify(model.name)} is to have no index.`,
    {
      fix: 'Register the encoder under another name with another `indexKind`.',
      meta: { model: model.name },
    },
  )
}

/**
 * Builds the model's indexes while writing goes on, those that do not stand; what an interrupted build left is removed
 * first. Answers whether there was anything to build.
 */
export async function buildIndex(
  engine: Engine,
  model: EmbeddingModel,
  options: BuildOptions & { rebuild?: boolean },
): Promise<boolean> {
  if (model.indexKind === 'none' && !options.rebuild) return false
  assertHasIndex(model)
  const start = performance.now()
  const building = { ...options, rebuild: options.rebuild ?? false }
  const built = await whileNobodyBuilds(engine, model.id, options.signal, async (session) => {
    const over: Indexed[] = []
    for (const one of INDEXED) {
      const isMade = await (engine.kind === 'server'
        ? buildOnServer(engine, session, model, one, building)
        : buildEmbedded(session, model, one, building))
      if (isMade) over.push(one)
    }
    return over
  })
  const durationMs = Math.round(performance.now() - start)
  if (built.length > 0) {
    const { rebuild } = building
    engine.observer.log('info', { model: model.name, over: built, rebuild, durationMs }, 'vector index built')
  }
  return built.length > 0
}

/** Makes the indexes of a model that may have none: at once where that is quick, else without holding writers up. */
export async function makeIndex(engine: Engine, model: EmbeddingModel): Promise<void> {
  if (model.indexKind === 'none') return
  if (await isIndexBuilt(engine, model)) return
  if (engine.isInTransaction()) {
    await engine.run(createIndexes(model))
    return
  }
  const [table] = await engine.run(selectTableRows)
  const isInvalid = (await indexesOf(engine, model.id)).some(
    ({ leftover, valid }) => leftover !== null || !valid,
  )
  if ((table?.rows ?? 0) <= QUICK_ROWS && !isInvalid) {
    try {
      await engine.run(createIndexes(model, QUICK_LOCK_WAIT_MS))
      return
    } catch (error) {
      if (!isFunesError(error, 'DB.LOCK_TIMEOUT')) throw error
    }
  }
  await buildIndex(engine, model, {})
}

/** Removes the model's indexes, and what interrupted builds left. Answers whether there was one. */
export async function dropIndexes(
  engine: Engine,
  model: EmbeddingModel,
  signal?: AbortSignal,
): Promise<boolean> {
  return whileNobodyBuilds(engine, model.id, signal, async (session) => {
    const rows = await indexesOf(session, model.id)
    for (const row of rows) await session.run(dropIndex(row, { concurrently: engine.kind === 'server' }))
    return rows.length > 0
  })
}
