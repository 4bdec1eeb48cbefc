import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { type Session, withSession } from '../engine/session.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import type { EmbeddingModel } from '../models/types.js'
import {
  createMemoryIndex,
  createMemoryIndexConcurrently,
  createToolIndex,
  dropIndex,
  type IndexRow,
  limitLockWaits,
  reindex,
  reindexConcurrently,
  releaseIndexLock,
  selectIndexes,
  selectTableRows,
  tryIndexLock,
} from '../sql/indexes.js'
import { dropToolIndex } from '../sql/tools-index.js'
import { type BuildProgress, watchBuild } from './watch-build.js'

export interface BuildOptions {
  /** On a server, what PostgreSQL says about the build, twice a second. */
  onProgress?: ((progress: BuildProgress) => void) | undefined
  /**
   * On a server, cancels the build. What is left of it is removed at once, or, where a transaction of others holds that up,
   * by the next build.
   */
  signal?: AbortSignal | undefined
}

const LOCK_POLL_MS = 250

/** Up to so many vectors a build that writers wait for is over before they notice. */
const QUICK_ROWS = 2000

/** So long an interrupted build tries to remove what is left of it. */
const CLEAN_UP_WAIT_MS = 1500

const OUT_OF_SHARED_MEMORY = ['53100', '53200']

/** Runs `work` in one session while no other session builds this model's index. */
async function alone<T>(
  engine: Engine,
  modelId: number,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withSession(engine.pool, async (session) => {
    while (true) {
      signal?.throwIfAborted()
      const [lock] = await session.run(tryIndexLock(modelId))
      if (lock?.taken) break
      await sleep(LOCK_POLL_MS, undefined, signal && { signal })
    }
    try {
      return await work(session)
    } finally {
      // A lock that is not given back ends with its connection.
      await session.run(releaseIndexLock(modelId)).catch(() => session.discard())
    }
  })
}

async function indexesOf(executor: Executor, modelId: number): Promise<IndexRow[]> {
  return (await executor.run(selectIndexes)).filter((row) => row.modelId === modelId)
}

/** Whether the model's index is there, and valid. */
export async function isIndexBuilt(executor: Executor, model: EmbeddingModel): Promise<boolean> {
  const rows = await indexesOf(executor, model.id)
  return rows.some(({ leftover, valid }) => leftover === null && valid)
}

/** Removes what interrupted builds left, and says whether the index itself stands. */
async function cleanUp(session: Executor, modelId: number, concurrently: boolean): Promise<boolean> {
  let stands = false
  for (const { leftover, valid } of await indexesOf(session, modelId)) {
    if (leftover === null && valid) stands = true
    else await session.run(dropIndex(modelId, { concurrently, ...(leftover !== null && { leftover }) }))
  }
  return stands
}

function isOutOfSharedMemory(error: unknown): boolean {
  return isFunesError(error) && OUT_OF_SHARED_MEMORY.includes(error.meta.sqlstate as string)
}

async function build(
  engine: Engine,
  session: Session,
  model: EmbeddingModel,
  { rebuild, onProgress, signal }: BuildOptions & { rebuild: boolean },
): Promise<boolean> {
  const onServer = engine.kind === 'server'
  let stands = false
  const tidy = async () => {
    stands = await cleanUp(session, model.id, onServer)
  }
  try {
    // What an earlier build left may be held by a transaction for as long as that likes.
    await (onServer ? watchBuild(engine, session, { onProgress: undefined, signal }, tidy) : tidy())
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
  await session.run(createToolIndex(model))
  if (stands && !rebuild) return false
  if (!onServer) {
    await session.run(stands ? reindex(model.id) : createMemoryIndex(model))
    return true
  }
  const make = () =>
    session.run(stands ? reindexConcurrently(model.id) : createMemoryIndexConcurrently(model))
  const watched = () => watchBuild(engine, session, { onProgress, signal }, make)
  try {
    await watched().catch(async (error: unknown) => {
      if (!isOutOfSharedMemory(error)) throw error
      await cleanUp(session, model.id, true)
      await session.buildAlone()
      await watched()
    })
  } catch (error) {
    // Whoever interrupts a build does not want to wait for the transaction that it waited for.
    if (signal?.aborted) await session.run(limitLockWaits(CLEAN_UP_WAIT_MS)).catch(() => {})
    await cleanUp(session, model.id, true).catch(() => {})
    signal?.throwIfAborted()
    throw error
  }
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
 * Builds the model's index while writing goes on, unless it stands; what an interrupted build left is removed first.
 * Answers whether there was anything to build.
 */
export async function buildIndex(
  engine: Engine,
  model: EmbeddingModel,
  options: BuildOptions & { rebuild?: boolean },
): Promise<boolean> {
  if (model.indexKind === 'none' && !options.rebuild) return false
  assertHasIndex(model)
  const start = performance.now()
  const rebuild = options.rebuild ?? false
  const built = await alone(engine, model.id, options.signal, (session) =>
    build(engine, session, model, { ...options, rebuild }),
  )
  const durationMs = Math.round(performance.now() - start)
  if (built) engine.observer.log('info', { model: model.name, rebuild, durationMs }, 'vector index built')
  return built
}

/** Makes the index of a model that may have none: at once where that is quick, else without holding writers up. */
export async function makeIndex(engine: Engine, model: EmbeddingModel): Promise<void> {
  if (model.indexKind === 'none') return
  if (await isIndexBuilt(engine, model)) return
  const [table] = await engine.run(selectTableRows)
  const isQuick = (table?.rows ?? 0) <= QUICK_ROWS
  const isLeftover = (await indexesOf(engine, model.id)).length > 0
  if (engine.isInTransaction() || (isQuick && !isLeftover)) await engine.run(createMemoryIndex(model))
  else await buildIndex(engine, model, {})
}

/** Removes the model's index, and what interrupted builds left. Answers whether there was one. */
export async function dropIndexes(engine: Engine, model: EmbeddingModel): Promise<boolean> {
  return alone(engine, model.id, undefined, async (session) => {
    await session.run(dropToolIndex(model.id))
    const rows = await indexesOf(session, model.id)
    for (const { leftover } of rows) {
      const concurrently = engine.kind === 'server'
      await session.run(dropIndex(model.id, { concurrently, ...(leftover !== null && { leftover }) }))
    }
    return rows.length > 0
  })
}
