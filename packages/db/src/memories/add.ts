import { v7 as uuidv7 } from 'uuid'
import type { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import type { MemoryContext } from './context.js'
import { addOneSchema, addSchema, checkContent, DEFAULT_LANGUAGE } from './input.js'
import { type Entry, type Outcome, storeAll } from './store.js'
import type { AddedMemory, AddMemory, AddOneMemory, OnDuplicate } from './types.js'
import { addUnderNewModels, underModel } from './under-model.js'

function expiryOf({ expiresAt, ttlMs }: z.infer<typeof addSchema>): Date | null {
  if (ttlMs === undefined) return expiresAt ?? null
  if (expiresAt === undefined) return new Date(Date.now() + ttlMs)
  throw funesError('INPUT.INVALID', 'ttlMs: cannot be given beside expiresAt.', {
    fix: 'Give one of the two.',
    meta: { path: 'ttlMs' },
  })
}

/** Gives what was checked its defaults; the vector comes later, where one is needed at all. */
function entryOf(context: MemoryContext, given: AddMemory, input: z.infer<typeof addSchema>): Entry {
  const { text, hash } = checkContent(input.content, context.maxContentLength)
  return {
    given,
    hasVector: false,
    row: {
      userId: input.userId,
      id: input.id ?? uuidv7(),
      sessionId: input.sessionId ?? null,
      content: text,
      contentHash: hash,
      source: input.source ?? 'chat',
      importance: input.importance ?? 0.5,
      metadata: JSON.stringify(input.metadata ?? {}),
      language: input.language ?? DEFAULT_LANGUAGE,
      idempotencyKey: input.idempotencyKey ?? null,
      createdAt: input.createdAt ?? null,
      expiresAt: expiryOf(input),
      embedding: null,
    },
  }
}

/** Stores new entries under the model in use, and under those being built whose embedders are at hand. */
async function storeUnderModel(
  context: MemoryContext,
  make: () => Entry[],
  onDuplicate: OnDuplicate | undefined,
): Promise<Outcome[]> {
  // Made before the model is asked for: bad input is known without the database.
  let entries = make()
  const givesVectors = entries.some(({ given }) => given.embedding !== undefined && given.embedding !== null)
  let runs = 0
  const outcomes = await underModel(context, { givesVectors }, (pinned) => {
    if (runs++ > 0) entries = make()
    return storeAll(pinned, entries, onDuplicate)
  })
  const withVector = outcomes.filter((_, i) => entries[i]?.row.embedding !== null)
  await addUnderNewModels(
    context,
    withVector.filter(({ kind }) => kind !== 'existing').map(({ memory }) => memory),
  )
  return outcomes
}

export async function addMemory(context: MemoryContext, memory: AddOneMemory): Promise<AddedMemory> {
  const { onDuplicate, ...input } = checked(addOneSchema, memory)
  const make = () => [entryOf(context, memory, input)]
  const [outcome] = await storeUnderModel(context, make, onDuplicate)
  const { memory: stored, kind } = outcome as NonNullable<typeof outcome>
  return { ...stored, created: kind === 'created' }
}

/** How to store many memories. */
export interface AddManyOptions extends CallOptions {
  /** Memories a statement, 1 to 1,000; 200 unless given. Each batch is stored whole or not at all. */
  batchSize?: number
  /** For all of them, those that are twice in `memories` too. Unless given, a content may be stored any number of times. */
  onDuplicate?: OnDuplicate
  /** Called after each batch. `total` is known when the memories come as an array. */
  onProgress?: (progress: { done: number; total: number | undefined }) => void
}

/** What became of the memories given: each is counted once. */
export interface AddManyResult {
  /** How many were stored. */
  readonly added: number
  /** How many were there already, by their idempotency keys or their content, and were not stored again. */
  readonly skipped: number
  /** How many were there already and were handed to `onDuplicate: 'update'`. */
  readonly updated: number
}

/** Checks memories as `addMany` takes them, and gives them their defaults. */
export function entriesOf(context: MemoryContext, memories: readonly AddMemory[]): Entry[] {
  return memories.map((memory) => entryOf(context, memory, checked(addSchema, memory)))
}

export async function* batches<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** @throws `INPUT.INVALID` when they cannot be gone through */
export function asIterable<T>(
  memories: Iterable<T> | AsyncIterable<T>,
  path = 'memories',
): Iterable<T> | AsyncIterable<T> {
  if (
    typeof memories === 'object' &&
    memories !== null &&
    (Symbol.iterator in memories || Symbol.asyncIterator in memories)
  )
    return memories
  throw funesError('INPUT.INVALID', `${path}: is not iterable.`, {
    fix: `Give an array, a generator or an async iterable of ${path}.`,
    meta: { path },
  })
}

export async function addManyMemories(
  context: MemoryContext,
  memories: Iterable<AddMemory> | AsyncIterable<AddMemory>,
  options: AddManyOptions,
): Promise<AddManyResult> {
  const given = asIterable(memories)
  const total = Array.isArray(memories) ? memories.length : undefined
  const counts = { created: 0, existing: 0, updated: 0 }
  let done = 0
  for await (const batch of batches(given, options.batchSize ?? 200)) {
    const make = () => entriesOf(context, batch)
    for (const { kind } of await storeUnderModel(context, make, options.onDuplicate)) counts[kind] += 1
    done += batch.length
    await options.onProgress?.({ done, total })
  }
  return { added: counts.created, skipped: counts.existing, updated: counts.updated }
}
