import pgvector from 'pgvector'
import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import { readCursor, writeCursor } from '../cursor.js'
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
import type { ExplainedSearch } from './explain.js'
import { countSchema, getSchema, keySchema, listSchema, onDuplicate } from './input.js'
import { bringBack, restoreMemoryVersion } from './restore.js'
import { findMemories } from './search.js'
import { findManyMemories } from './search-many.js'
import { touchKeys } from './touch.js'
import type {
  AddedMemory,
  AddMemory,
  AddOneMemory,
  ExplainSearch,
  ListMemories,
  Memory,
  MemoryHit,
  MemoryKey,
  MemoryPage,
  RestoreMemory,
  RestoreVersion,
  SearchManyOptions,
  SearchMemories,
  SearchQuestion,
  UpdateMemory,
} from './types.js'
import { underModel } from './under-model.js'

/** What a memory was before one change: `version` is the version that the change replaced. */
export type MemoryVersion = Readonly<HistoryRow>

/** The memories of users. Where a call reads or changes them, another user's are as if they were not there. */
export interface Memories {
  /**
   * Stores one memory with its vector, and its user where missing: one statement, one round trip. With
   * `onDuplicate`, a content that its user has already is not stored again, however many add it at once.
   *
   * @throws `INPUT.INVALID`, `INPUT.NUL_CHARACTER`, `EMBEDDING.DIMENSION_MISMATCH`, `EMBEDDING.NOT_FINITE`, `EMBEDDING.ZERO`,
   * `EMBEDDING.OUT_OF_RANGE`, `EMBEDDING.REQUIRED`, `EMBEDDING.FAILED`, `MEMORY.CONTENT_EMPTY`, `MEMORY.CONTENT_TOO_LONG`, `MEMORY.EXISTS`,
   * `MEMORY.DUPLICATE`, `MEMORY.KEY_REUSED`, `SESSION.NOT_FOUND`; then nothing is written
   * @example
   * await funes.memories.add({ userId: 'ada', content: 'Prefers tea.', source: 'chat', importance: 0.7 })
   */
  add(memory: AddOneMemory): Promise<AddedMemory>
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
  /**
   * The memory, or null when this user has none of that id, or it is expired; or deleted, unless `includeDeleted`, which
   * finds the expired too.
   *
   * @throws `INPUT.INVALID`
   */
  get(key: MemoryKey & { includeDeleted?: boolean } & CallOptions): Promise<Memory | null>
  /**
   * The vector that is stored of a memory, one component a dimension; null when there is none.
   *
   * @throws `INPUT.INVALID`, `MODEL.NOT_FOUND`
   */
  embedding(key: MemoryKey & CallOptions): Promise<Float32Array | null>
  /**
   * One user's memories, newest first, in pages.
   *
   * @throws `INPUT.INVALID`
   */
  list(options: ListMemories): Promise<MemoryPage>
  /**
   * How many live memories there are, of one user or of all.
   *
   * @throws `INPUT.INVALID`
   */
  count(of: ({ userId: string } | { scope: 'all-users' }) & CallOptions): Promise<number>
  /** As below, with how the search went and what each score is made of. */
  search(search: ExplainSearch): Promise<ExplainedSearch>
  /**
   * The `k` nearest memories, nearest first. All `k` come whenever so many exist.
   *
   * @throws `INPUT.INVALID`, `EMBEDDING.*`
   * @example
   * const hits = await funes.memories.search({ userId: 'ada', text: 'What does she drink?', k: 3 })
   */
  search(search: SearchMemories): Promise<MemoryHit[]>
  /**
   * The `k` nearest memories to each of up to 1,000 questions, in the order of the questions: one round trip for every 100
   * of them. By meaning alone, as `search` with `mode: 'vector'`: quotes, minuses and `or` are read as part of the text, and
   * a text takes an embedder. To search by words, or by both, call `search` for each.
   *
   * @throws `INPUT.INVALID`, `EMBEDDING.*`
   */
  searchMany(questions: readonly SearchQuestion[], options?: SearchManyOptions): Promise<MemoryHit[][]>
  /**
   * Changes a live memory and keeps what it was in its history, in one statement. New content takes a new vector. A
   * memory that is as asked already stays as it is, its version too.
   *
   * @throws `MEMORY.NOT_FOUND`, `INPUT.*`, `EMBEDDING.*`, `MEMORY.CONTENT_EMPTY`, `MEMORY.CONTENT_TOO_LONG`,
   * `SESSION.NOT_FOUND`; then nothing is changed
   */
  update(change: UpdateMemory): Promise<Memory>
  /**
   * Counts an access of each memory, which is what `ranking` knows recency by: call it with the hits that were used.
   * Counters stand in a table of their own, so no vector index is touched. All are counted or none.
   *
   * @returns how many different memories there were to count; one that is not there is passed over
   * @throws `INPUT.INVALID`
   * @example
   * await funes.memories.touch(hits.map(({ memory }) => memory))
   */
  touch(
    keys: (MemoryKey & CallOptions) | readonly MemoryKey[],
    options?: CallOptions,
  ): Promise<{ touched: number }>
  /**
   * Deletes softly: the memory is found no more, and can be restored. Its content may be added again meanwhile, with
   * `onDuplicate` too.
   *
   * @throws `MEMORY.NOT_FOUND`, `INPUT.INVALID`
   */
  delete(key: MemoryKey & { actor?: string } & CallOptions): Promise<Memory>
  /**
   * Brings a deleted or expired memory back, with its vectors.
   *
   * @throws `MEMORY.NOT_FOUND` when there is no such memory of that id, `MEMORY.EXPIRED` when its time is past and no other is
   * given, `INPUT.INVALID`
   */
  restore(memory: RestoreMemory): Promise<Memory>
  /**
   * Makes a memory what it was at `version`, as a new version; a deleted or expired one is back with it. The vector stays
   * where the text is the same; for another text it is made anew, or given. Vectors of old versions are not kept.
   *
   * @throws `MEMORY.NOT_FOUND`, `MEMORY.VERSION_NOT_FOUND`, `MEMORY.EXPIRED` as `restore`, `EMBEDDING.REQUIRED` when the text
   * differs and there is neither `embedding` nor an embedder, `EMBEDDING.*`, `INPUT.INVALID`; then nothing is changed
   * @example
   * await funes.memories.restoreVersion({ userId, id, version: 1, actor: 'support' })
   */
  restoreVersion(memory: RestoreVersion): Promise<Memory>
  /**
   * What the memory was before each change, what of it was changed, when and by whom (`actor`), oldest first; empty when it
   * never changed. Written in the statement that made the change.
   *
   * @throws `INPUT.INVALID`
   */
  history(key: MemoryKey & CallOptions): Promise<MemoryVersion[]>
}

const addManyOptionsSchema = z.strictObject({
  batchSize: z.int().min(1).max(1000).optional(),
  onDuplicate: onDuplicate.optional(),
  onProgress: z
    .custom<(progress: { done: number; total: number | undefined }) => void>((f) => typeof f === 'function')
    .optional(),
})

export function createMemories(context: MemoryContext): Memories {
  const { executor } = context
  function searchUnderModel(of: SearchMemories | ExplainSearch) {
    const isDoubtful = ({ isEmpty }: { isEmpty: boolean }) => isEmpty
    const givesVectors = of?.embedding !== undefined
    return underModel(context, { givesVectors, isDoubtful }, (pinned) => findMemories(pinned, of))
  }
  function search(of: ExplainSearch): Promise<ExplainedSearch>
  function search(of: SearchMemories): Promise<MemoryHit[]>
  function search(of: SearchMemories | ExplainSearch): Promise<MemoryHit[] | ExplainedSearch> {
    return searchUnderModel(of).then(({ found }) => found)
  }
  return {
    add: async (memory) => addMemory(context, memory),
    touch: async (keys) => touchKeys(context, keys),
    async addMany(memories, options = {}) {
      checked(addManyOptionsSchema, options)
      return addManyMemories(context, memories, options)
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
      const after = cursor == null ? null : readCursor(cursor, 'memories')
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
    search,
    async searchMany(questions, options = {}) {
      const isDoubtful = (answers: MemoryHit[][]) => answers.some((hits) => hits.length === 0)
      const givesVectors = Array.isArray(questions) && questions.some((q) => q?.embedding !== undefined)
      return underModel(context, { givesVectors, isDoubtful }, (pinned) =>
        findManyMemories(pinned, questions, options),
      )
    },
    update: async (change) => changeMemory(context, change),
    delete: async (key) => removeMemory(context, key),
    restore: async (memory) => bringBack(context, memory),
    restoreVersion: async (memory) => restoreMemoryVersion(context, memory),
    async history(key) {
      const { userId, id } = checked(keySchema, key)
      return executor.run(selectHistory(userId, id))
    },
  }
}
