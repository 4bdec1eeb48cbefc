import type pg from 'pg'
import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import { type CopyTransaction, copyTransaction } from '../engine/copy.js'
import type { Engine } from '../engine/engine.js'
import { isBadLuck } from '../engine/retry.js'
import { checked } from '../input.js'
import { observedCopy } from '../observe/observed-copy.js'
import { embeddingsTarget, memoriesTarget, prepareCopy, selectLanguages } from '../sql/memory-copy.js'
import { asIterable, batches, entriesOf } from './add.js'
import type { MemoryContext } from './context.js'
import { createUnkept } from './load-again.js'
import { createTurns, type Turn } from './load-turns.js'
import { type Entry, makeVectors, translateViolation } from './store.js'
import type { AddMemory } from './types.js'
import { addUnderNewModels, underModel } from './under-model.js'

export interface LoadOptions extends CallOptions {
  /** Memories a transaction, 1 to 50,000; 2,000 unless given. Each batch is stored whole or not at all. */
  batchSize?: number
  /** Called after each batch. `total` is known when the memories come as an array. */
  onProgress?: (progress: { done: number; total: number | undefined }) => void
  /**
   * Runs on the connection and inside the transaction of each batch, before its memories are stored: to make what they
   * refer to, as sessions. It must use `client` only: it runs again where the batch does.
   */
  beforeBatch?: (client: pg.ClientBase, memories: readonly AddMemory[]) => Promise<void>
  /**
   * Runs on the connection and inside the transaction of each batch, after its memories and before the commit, batch after
   * batch: what it writes is kept with them or not at all. So a load can write down how far it came, and go on there. It
   * must use `client` only. A batch for which it has run is not stored again, whatever became of it.
   */
  withBatch?: (client: pg.ClientBase, memories: readonly AddMemory[]) => Promise<void>
  /** Ends the load between two batches, or while it waits for the next memory. */
  signal?: AbortSignal
}

/** What is only there outside of transactions. */
export interface BulkMemories {
  /**
   * Stores many memories by binary COPY, each batch in a transaction of its own: for filling a database. Users are
   * made where missing. What is there already is not looked for: an id or idempotency key that is taken fails its batch,
   * and `addMany` is for memories that may be there. On a server three batches are stored side by side and kept one after the
   * other; on the embedded engine, and with a pool of fewer than four connections, one. A batch that collided with somebody's
   * transaction or lost its connection, and of which nothing was kept, is stored again.
   *
   * Quickest while the model has no index: `indexes.drop`, `memories.load`, `indexes.build`.
   *
   * @throws as `memories.add`, `MEMORY.EXISTS`, `TRANSACTION.NOT_ALLOWED`, `CALL.ABORTED`; earlier batches stay stored
   */
  load(
    memories: Iterable<AddMemory> | AsyncIterable<AddMemory>,
    options?: LoadOptions,
  ): Promise<{ added: number }>
}

const callback = <T>() => z.custom<T>((value) => typeof value === 'function', 'must be a function')

const optionsSchema = z.strictObject({
  batchSize: z.int().min(1).max(50_000).optional(),
  onProgress: callback<NonNullable<LoadOptions['onProgress']>>().optional(),
  beforeBatch: callback<NonNullable<LoadOptions['beforeBatch']>>().optional(),
  withBatch: callback<NonNullable<LoadOptions['withBatch']>>().optional(),
  signal: z.instanceof(AbortSignal).optional(),
})

const DEFAULT_BATCH_SIZE = 2_000

async function copyEntries(
  transaction: CopyTransaction,
  model: { id: number; dimensions: number },
  entries: readonly Entry[],
  hasLocked: () => void,
): Promise<void> {
  const rows = entries.map(({ row }) => row)
  const unique = (values: string[]) => [...new Set(values)]
  const languages = await transaction.run(selectLanguages(unique(rows.map(({ language }) => language))))
  await transaction.run(prepareCopy(unique(rows.map(({ userId }) => userId)), model))
  hasLocked()
  const memories = memoriesTarget(new Map(languages.map(({ name, oid }) => [name, oid])), new Date())
  await transaction.copy(memories.text, rows, memories.write)
  const embeddings = embeddingsTarget(model)
  await transaction.copy(
    embeddings.text,
    rows.filter(({ embedding }) => embedding !== null),
    embeddings.write,
  )
}

/** So many batches at a time. */
const SIDE_BY_SIDE = 3
const NEEDED_FOR_THAT = 4

export function createBulkMemories(context: MemoryContext, engine: Engine): BulkMemories {
  const { pool, kind } = engine
  const alone: Turn = { mayBegin: undefined, mayCommit: undefined, hasBegun: () => {} }
  const lanes = kind === 'server' && (pool.options.max ?? 10) >= NEEDED_FOR_THAT ? SIDE_BY_SIDE : 1

  /** @param mayRepeat told of an error after which the batch may be stored again */
  async function store(
    made: readonly Entry[],
    turn: Turn,
    options: LoadOptions,
    mayRepeat: (error: unknown) => void,
  ): Promise<void> {
    const batch = made.map(({ given }) => given)
    const givesVectors = batch.some(({ embedding }) => embedding !== undefined && embedding !== null)
    await underModel(context, { givesVectors }, async (pinned) => {
      const entries = made.map((entry) => ({ ...entry, row: { ...entry.row } }))
      await makeVectors(pinned, entries, undefined)
      const model = await pinned.model.get()
      let isRepeatable = true
      try {
        await copyTransaction(pool, async (transaction) => {
          await turn.mayBegin
          await options.beforeBatch?.(transaction.client, batch)
          await copyEntries(observedCopy(engine.observer, transaction), model, entries, turn.hasBegun)
          // What the batch before failed with is for that one to judge.
          isRepeatable = false
          await turn.mayCommit
          options.signal?.throwIfAborted()
          isRepeatable = options.withBatch === undefined
          await options.withBatch?.(transaction.client, batch)
        })
      } catch (error) {
        if (isRepeatable && isBadLuck(error)) mayRepeat(error)
        throw translateViolation(error)
      }
    }).finally(turn.hasBegun)
    await addUnderNewModels(
      context,
      made.filter(({ given }) => given.embedding !== null).map(({ row }) => row),
    )
  }

  return {
    async load(memories, options = {}) {
      checked(optionsSchema, options)
      engine.assertOutsideTransaction('memories.load')
      const { batchSize = DEFAULT_BATCH_SIZE, onProgress, signal } = options
      const total = Array.isArray(memories) ? memories.length : undefined
      const turns = createTurns(lanes)
      let done = 0
      const unkept = createUnkept<Entry[]>(engine.retry, async (made, mayRepeat, turn = alone) => {
        await store(made, turn, options, mayRepeat)
        done += made.length
        await onProgress?.({ done, total })
      })
      /** Those that stood in line behind one that failed have failed too: they are stored again one after the other. */
      const mended = async (work: () => Promise<void>) => {
        try {
          await work()
        } catch (error) {
          await turns.end().catch(() => {})
          await unkept.keepAll(error, () => signal?.throwIfAborted())
        }
      }
      try {
        for await (const batch of batches(asIterable(memories), batchSize)) {
          const made = entriesOf(context, batch)
          unkept.add(made)
          await mended(() => turns.next(made, (turn) => unkept.keep(made, turn), signal))
        }
        await mended(() => turns.end())
      } finally {
        await turns.end().catch(() => {})
      }
      return { added: done }
    },
  }
}
