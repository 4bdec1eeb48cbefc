import pgvector from 'pgvector'
import { z } from 'zod'
import { readCursor, writeCursor } from '../cursor.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import {
  countMemories,
  type HistoryRow,
  selectEmbedding,
  selectHistory,
  selectMemories,
  selectMemory,
} from '../sql/memory-read.js'
import { type AddManyOptions, type AddManyResult, addManyMemories, addMemory } from './add.js'
import { changeMemory, removeMemory } from './change.js'
import type { MemoryContext } from './context.js'
import { countSchema, getSchema, keySchema, listSchema } from './input.js'
import { findMemories } from './search.js'
import { findManyMemories } from './search-many.js'
import type {
  AddMemory,
  ListMemories,
  Memory,
  MemoryHit,
  MemoryKey,
  MemoryPage,
  SearchManyOptions,
  SearchMemories,
  SearchQuestion,
  UpdateMemory,
} from './types.js'

/** What a memory was before one change: `version` is the version that the change replaced. */
export type MemoryVersion = Readonly<HistoryRow>

export interface Memories {
  /**
   * Stores one memory with its vector, and its user where missing: one statement, one round trip.
   *
   * @throws `INPUT.INVALID`, `INPUT.NUL_CHARACTER`, `EMBEDDING.DIMENSION_MISMATCH`, `EMBEDDING.NOT_FINITE`, `EMBEDDING.ZERO`,
   * `EMBEDDING.REQUIRED`, `EMBEDDING.FAILED`, `MEMORY.CONTENT_EMPTY`, `MEMORY.CONTENT_TOO_LONG`, `MEMORY.EXISTS`,
   * `SESSION.NOT_FOUND`; then nothing is written
   * @example
   * await funes.memories.add({ userId: 'ada', content: 'Prefers tea.', source: 'chat', importance: 0.7 })
   */
  add(memory: AddMemory): Promise<Memory>
  /**
   * Stores many, in batches. A batch that fails leaves nothing of itself; those before it stay. To have all or
   * nothing, call it inside `funes.transaction`.
   *
   * @throws as `add`
   */
  addMany(
    memories: Iterable<AddMemory> | AsyncIterable<AddMemory>,
    options?: AddManyOptions,
  ): Promise<AddManyResult>
  /** The memory, or null when this user has none of that id, or it is deleted or expired. */
  get(key: MemoryKey & { includeDeleted?: boolean }): Promise<Memory | null>
  /** The vector that is stored of a memory, one component a dimension; null when there is none. */
  embedding(key: MemoryKey): Promise<Float32Array | null>
  /** One user's memories, newest first. */
  list(options: ListMemories): Promise<MemoryPage>
  /** How many live memories there are. */
  count(of: { userId: string } | { scope: 'all-users' }): Promise<number>
  /**
   * The `k` nearest memories, nearest first. All `k` come whenever so many exist.
   *
   * @throws `INPUT.INVALID`, `EMBEDDING.*`
   * @example
   * const hits = await funes.memories.search({ userId: 'ada', text: 'What does she drink?', k: 3 })
   */
  search(search: SearchMemories): Promise<MemoryHit[]>
  /**
   * The `k` nearest memories to each of up to 1,000 questions, by meaning, in the order of the questions: one round
   * trip for every 100 of them.
   *
   * @throws `INPUT.INVALID`, `EMBEDDING.*`
   */
  searchMany(questions: readonly SearchQuestion[], options?: SearchManyOptions): Promise<MemoryHit[][]>
  /**
   * Changes a memory and keeps what it was in its history, in one statement. New content takes a new vector.
   *
   * @throws `MEMORY.NOT_FOUND`, and as `add`
   */
  update(change: UpdateMemory): Promise<Memory>
  /**
   * Deletes softly: the memory is found no more, and can be restored.
   *
   * @throws `MEMORY.NOT_FOUND`
   */
  delete(key: MemoryKey & { actor?: string }): Promise<Memory>
  /**
   * Brings a deleted memory back, with its vectors.
   *
   * @throws `MEMORY.NOT_FOUND` when there is no deleted memory of that id
   */
  restore(key: MemoryKey & { actor?: string }): Promise<Memory>
  /** What the memory was before each change, oldest first. */
  history(key: MemoryKey): Promise<MemoryVersion[]>
}

const addManyOptionsSchema = z.strictObject({
  batchSize: z.int().min(1).max(1000).optional(),
  onProgress: z
    .custom<(progress: { done: number; total: number | undefined }) => void>((f) => typeof f === 'function')
    .optional(),
})

export function createMemories(context: MemoryContext): Memories {
  const { executor } = context
  return {
    add: async (memory) => addMemory(context, memory),
    async addMany(memories, options = {}) {
      checked(addManyOptionsSchema, options)
      const iterable =
        typeof memories === 'object' &&
        memories !== null &&
        (Symbol.iterator in memories || Symbol.asyncIterator in memories)
      if (iterable) return addManyMemories(context, memories, options)
      throw funesError('INPUT.INVALID', 'memories: is not iterable.', {
        fix: 'Give an array, a generator or an async iterable of memories.',
        meta: { path: 'memories' },
      })
    },
    async get(key) {
      const { userId, id, includeDeleted = false } = checked(getSchema, key)
      const [row] = await executor.run(selectMemory(userId, id, includeDeleted))
      return row ?? null
    },
    async embedding(key) {
      const { userId, id } = checked(keySchema, key)
      const { id: modelId } = await context.model.get()
      const [row] = await executor.run(selectEmbedding(userId, id, modelId))
      return row === undefined ? null : Float32Array.from(pgvector.fromSql(row.embedding) as number[])
    },
    async list(options) {
      const { limit = 50, cursor, userId, filter, includeDeleted = false } = checked(listSchema, options)
      const after = cursor === undefined ? null : readCursor(cursor)
      const before = after && { createdAt: after.at, id: after.id }
      const rows = await executor.run(
        selectMemories({ userId, filter, includeDeleted, limit: limit + 1, before }),
      )
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return { items, nextCursor: rows.length > limit && last ? writeCursor(last.createdAt, last.id) : null }
    },
    async count(of) {
      const input = checked(countSchema, of)
      const [row] = await executor.run(countMemories('userId' in input ? input.userId : null))
      return row?.count ?? 0
    },
    search: async (search) => findMemories(context, search),
    searchMany: async (questions, options = {}) => findManyMemories(context, questions, options),
    update: async (change) => changeMemory(context, change),
    delete: async (key) => removeMemory(context, key, true),
    restore: async (key) => removeMemory(context, key, false),
    async history(key) {
      const { userId, id } = checked(keySchema, key)
      return executor.run(selectHistory(userId, id))
    },
  }
}
