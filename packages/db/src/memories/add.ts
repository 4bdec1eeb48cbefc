import { v7 as uuidv7 } from 'uuid'
import { violatedConstraint } from '../errors/database-error.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { sessionNotFound } from '../sessions/sessions.js'
import { insertMemories, type NewMemory, selectByIdempotencyKey } from '../sql/memory-insert.js'
import { encodeVector, type VectorInput } from '../vector.js'
import { embedTexts, type MemoryContext } from './context.js'
import { addSchema, checkContent, DEFAULT_LANGUAGE } from './input.js'
import type { AddMemory, Memory } from './types.js'

/** Checks everything that can be checked without the database, the vector apart. */
function prepare(context: MemoryContext, memory: AddMemory): NewMemory {
  const input = checked(addSchema, memory)
  const { text, hash } = checkContent(input.content, context.maxContentLength)
  return {
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
    expiresAt: input.expiresAt ?? null,
    embedding: null,
  }
}

/** Checks a batch and makes its missing vectors, in one call of the embedder. */
async function prepareAll(context: MemoryContext, memories: readonly AddMemory[]): Promise<NewMemory[]> {
  const rows = memories.map((memory) => prepare(context, memory))
  const model = await context.model.get()
  const without = rows.filter((_, i) => memories[i]?.embedding === undefined)
  const made =
    without.length > 0
      ? await embedTexts(
          context,
          without.map((row) => row.content),
        )
      : []
  const vectors = new Map<NewMemory, VectorInput>(without.map((row, i) => [row, made[i] as VectorInput]))
  for (const [i, row] of rows.entries()) {
    const given = memories[i]?.embedding
    const vector = given === undefined ? vectors.get(row) : given
    if (vector !== null && vector !== undefined) row.embedding = encodeVector(vector, model.dimensions)
  }
  return rows
}

async function insert(context: MemoryContext, rows: readonly NewMemory[]): Promise<Memory[]> {
  try {
    return await context.executor.run(insertMemories(rows, await context.model.get()))
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'memories_user_id_session_id_fkey':
        throw sessionNotFound(error)
      case 'memories_pkey':
        throw funesError('MEMORY.EXISTS', 'This user already has a memory with that id.', {
          fix: 'Leave `id` out to get a new one, or use `memories.update`.',
          cause: error,
        })
      default:
        throw error
    }
  }
}

export async function addMemory(context: MemoryContext, memory: AddMemory): Promise<Memory> {
  const rows = await prepareAll(context, [memory])
  const [stored] = await insert(context, rows)
  if (stored) return stored
  // The key is taken, maybe by a transaction that our snapshot does not see: a new statement does.
  const { userId, idempotencyKey } = rows[0] as NewMemory
  const [first] = await context.executor.run(selectByIdempotencyKey(userId, idempotencyKey as string))
  return first as Memory
}

export interface AddManyOptions {
  /** Memories a statement, 1 to 1,000; 200 unless given. Each batch is stored whole or not at all. */
  batchSize?: number
  /** Called after each batch. `total` is known when the memories come as an array. */
  onProgress?: (progress: { done: number; total: number | undefined }) => void
}

export interface AddManyResult {
  /** How many were stored. */
  readonly added: number
  /** How many were left out, as their idempotency keys were taken. */
  readonly skipped: number
}

async function* batches<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

export async function addManyMemories(
  context: MemoryContext,
  memories: Iterable<AddMemory> | AsyncIterable<AddMemory>,
  options: AddManyOptions,
): Promise<AddManyResult> {
  const total = Array.isArray(memories) ? memories.length : undefined
  let added = 0
  let done = 0
  for await (const batch of batches(memories, options.batchSize ?? 200)) {
    const stored = await insert(context, await prepareAll(context, batch))
    added += stored.length
    done += batch.length
    options.onProgress?.({ done, total })
  }
  return { added, skipped: done - added }
}
