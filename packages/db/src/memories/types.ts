import type { VectorInput } from '../vector.js'
import type { MemoryFilter } from './filter.js'

export const MEMORY_SOURCES = ['chat', 'tool', 'system', 'document'] as const
export type MemorySource = (typeof MEMORY_SOURCES)[number]

/** Any JSON object. */
export type Metadata = Record<string, unknown>

/** What is remembered. */
export interface Memory {
  readonly id: string
  readonly userId: string
  readonly sessionId: string | null
  readonly content: string
  readonly source: MemorySource
  /** 0 (trifle) to 1 (vital). */
  readonly importance: number
  readonly metadata: Metadata
  /** Starts at 1 and grows by one with each change. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly expiresAt: Date | null
  readonly deletedAt: Date | null
}

export interface AddMemory {
  userId: string
  content: string
  /** One component a dimension of the model. Left out: the embedder makes it. `null`: none is kept, and no search by meaning finds this memory. */
  embedding?: VectorInput | null
  /** A session of the same user; `sessions.start` makes one. */
  sessionId?: string
  /** `chat` unless given. */
  source?: MemorySource
  /** 0 to 1; 0.5 unless given. */
  importance?: number
  metadata?: Metadata
  /** The text search configuration that reads the content, such as `german` or `simple`; `english` unless given. */
  language?: string
  /** A UUID of your own; a version 7 one is made unless given. */
  id?: string
  /** A second add with the same key and user stores nothing and answers with the first memory. */
  idempotencyKey?: string
  /** Now unless given. */
  createdAt?: Date
  /** From then on the memory is not found any more. */
  expiresAt?: Date
}

export interface MemoryKey {
  userId: string
  id: string
}

/** What to change; what is left out stays. */
export interface UpdateMemory extends MemoryKey {
  content?: string
  embedding?: VectorInput | null
  sessionId?: string | null
  source?: MemorySource
  importance?: number
  /** Replaces all metadata. */
  metadata?: Metadata
  expiresAt?: Date | null
  /** Who changes it, for the history. */
  actor?: string
}

export interface ListMemories {
  userId: string
  filter?: MemoryFilter
  /** Rows a page, 1 to 1,000; 50 unless given. */
  limit?: number
  /** `nextCursor` of the page before. */
  cursor?: string
  includeDeleted?: boolean
}

export interface MemoryPage {
  readonly items: readonly Memory[]
  /** Gives the next page; `null` on the last. */
  readonly nextCursor: string | null
}

/** `exact` compares with every row; `high` and `fast` may use the index, with more and with less effort. */
export const ACCURACIES = ['exact', 'high', 'fast'] as const
export type Accuracy = (typeof ACCURACIES)[number]

export interface SearchOptions {
  /** The vector to look for. Left out: the embedder makes it from `text`. */
  embedding?: VectorInput
  /**
   * What to look for, in words: a question, or a search with `"phrases that must occur"`, `-excluded` words.
   */
  text?: string
  /**
   * `vector` by meaning, `text` by words, `hybrid` by both. Unless given: by whatever there is, so `hybrid` when there
   * are words and a vector or an embedder.
   */
  mode?: SearchMode
  /** How many, 1 to 1,000; 10 unless given. */
  k?: number
  accuracy?: Accuracy
  filter?: MemoryFilter
  /** What each half counts in `hybrid`; 0.5 and 0.5 unless given. */
  weights?: { vector: number; text: number }
  /** How the halves are brought together: by their `score` (unless given), or by `rank` (RRF). */
  fusion?: 'score' | 'rank'
  /** The text search configuration that reads `text`; `english` unless given. */
  language?: string
  /** Turns around each hit, from the same session; a turn may also lend its neighbours part of its score. */
  context?: SearchContext
}

export const SEARCH_MODES = ['vector', 'text', 'hybrid'] as const
export type SearchMode = (typeof SEARCH_MODES)[number]

export interface SearchContext {
  /** How many turns before the hit to return, 0 to 20; 0 unless given. */
  before?: number
  /** How many after. */
  after?: number
  /** Part of the better neighbour's score that a turn gets, 0 to 1; 0.3 unless given. Needs words. */
  lend?: number
}

/** One user's memories, or, said in so many words, everyone's. */
export type SearchMemories = SearchOptions &
  ({ userId: string; scope?: never } | { scope: 'all-users'; userId?: never })

/** One of many questions by meaning. */
export type SearchQuestion = { embedding?: VectorInput; text?: string } & (
  | { userId: string; scope?: never }
  | { scope: 'all-users'; userId?: never }
)

/** What all questions of a batch share. */
export type SearchManyOptions = Pick<SearchOptions, 'k' | 'accuracy' | 'filter'>

export interface MemoryHit {
  readonly memory: Memory
  /** pgvector's distance under the model's metric: smaller is nearer. Null where words alone were searched, or it has no vector. */
  readonly distance: number | null
  /**
   * Higher is better. By meaning: 1 − distance (cosine), 1 / (1 + distance) (L2), −distance (inner product). With words: the
   * fused score, 0 to the sum of the weights, and what neighbours lent.
   */
  readonly score: number
  /** With words: what the score is made of. */
  readonly parts?: { readonly vector: number; readonly text: number; readonly neighbour: number }
  /** The turns around it, oldest first, when `context` asked for them. */
  readonly context?: { readonly before: readonly Memory[]; readonly after: readonly Memory[] }
}
