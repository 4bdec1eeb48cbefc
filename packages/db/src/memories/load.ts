import type pg from 'pg'
import { z } from 'zod'
import { type CopyTransaction, copyTransaction } from '../engine/copy.js'
import type { Engine } from '../engine/engine.js'
import { checked } from '../input.js'
import { embeddingsTarget, memoriesTarget, prepareCopy, selectLanguages } from '../sql/memory-copy.js'
import { asIterable, batches, entriesOf } from './add.js'
import type { MemoryContext } from './context.js'
import { type Entry, makeVectors, translateViolation } from './store.js'
import type { AddMemory } from './types.js'
import { addUnderNewModels, underModel } from './under-model.js'

export interface LoadOptions {
  /** Memories a transaction, 1 to 50,000; 5,000 unless given. Each batch is stored whole or not at all. */
  batchSize?: number
  /** Called after each batch. `total` is known when the memories come as an array. */
  onProgress?: (progress: { done: number; total: number | undefined }) => void
  /**
   * Runs on the connection and inside the transaction of each batch, before its memories are stored: what it writes is kept
   * with them or not at all. So a load can write down how far it came, and go on there. It must use `client` only.
   */
  withBatch?: (client: pg.ClientBase, memories: readonly AddMemory[]) => Promise<void>
  /** Ends the load between two batches. */
  signal?: AbortSignal
}

/** What is only there outside of transactions. */
export interface BulkMemories {
  /**
   * Stores many memories by binary COPY, each batch in a transaction of its own: for filling a database. Users are
   * made where missing. What is there already is not looked for: an id or idempotency key that is taken fails its batch,
   * and `addMany` is for memories that may be there. While one batch is stored, the next is prepared.
   *
   * Quickest while the model has no index: `indexes.drop`, `memories.load`, `indexes.build`.
   *
   * @throws as `memories.add`, `MEMORY.EXISTS`, `TRANSACTION.NOT_ALLOWED`, the signal's reason; earlier batches stay stored
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
  withBatch: callback<NonNullable<LoadOptions['withBatch']>>().optional(),
  signal: z.instanceof(AbortSignal).optional(),
})

const DEFAULT_BATCH_SIZE = 5_000

async function copyEntries(
  transaction: CopyTransaction,
  model: { id: number; dimensions: number },
  entries: readonly Entry[],
): Promise<void> {
  const rows = entries.map(({ row }) => row)
  const unique = (values: string[]) => [...new Set(values)]
  const languages = await transaction.run(selectLanguages(unique(rows.map(({ language }) => language))))
  await transaction.run(prepareCopy(unique(rows.map(({ userId }) => userId)), model))
  const memories = memoriesTarget(new Map(languages.map(({ name, oid }) => [name, oid])), new Date())
  await transaction.copy(memories.text, rows, memories.write)
  const embeddings = embeddingsTarget(model)
  await transaction.copy(
    embeddings.text,
    rows.filter(({ embedding }) => embedding !== null),
    embeddings.write,
  )
}

export function createBulkMemories(context: MemoryContext, engine: Engine): BulkMemories {
  async function store(made: readonly Entry[], { withBatch }: LoadOptions): Promise<void> {
    const batch = made.map(({ given }) => given)
    const givesVectors = batch.some(({ embedding }) => embedding !== undefined && embedding !== null)
    await underModel(context, { givesVectors }, async (pinned) => {
      const entries = made.map((entry) => ({ ...entry, row: { ...entry.row } }))
      await makeVectors(pinned, entries, undefined)
      const model = await pinned.model.get()
      try {
        await copyTransaction(engine.pool, async (transaction) => {
          await withBatch?.(transaction.client, batch)
          await copyEntries(transaction, model, entries)
        })
      } catch (error) {
        throw translateViolation(error)
      }
    })
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
      let done = 0
      let storing: Promise<void> = Promise.resolve()
      try {
        for await (const batch of batches(asIterable(memories), batchSize)) {
          const made = entriesOf(context, batch)
          await storing
          signal?.throwIfAborted()
          storing = store(made, options).then(() => {
            done += batch.length
            onProgress?.({ done, total })
          })
          // Reported where it is waited for.
          storing.catch(() => undefined)
        }
      } finally {
        await storing
      }
      return { added: done }
    },
  }
}
