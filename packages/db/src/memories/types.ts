import type { CallOptions } from '../call-options.js'
import type { VectorInput } from '../vector.js'
import type { Diversity } from './diversity.js'
import type { MemoryFilter } from './filter.js'
import type { Ranking } from './ranking.js'

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

/** A memory to add. */
export interface AddMemory {
  /** Made if missing; 1 to 512 characters. */
  userId: string
  /** 1 to `limits.maxContentLength` characters, 100,000 unless set, not white space only. */
  content: string
  /** One component a dimension of the model. Left out: the embedder makes it. `null`: none is kept, and no search by meaning finds this memory. */
  embedding?: VectorInput | null
  /** A session of the same user; `sessions.start` makes one. */
  sessionId?: string
  /** `chat` unless given. */
  source?: MemorySource
  /** 0 to 1; 0.5 unless given. */
  importance?: number
  /** Any JSON object; empty unless given. */
  metadata?: Metadata
  /** The text search configuration that reads the content, such as `german` or `simple`; `english` unless given. */
  language?: string
  /** A UUID of your own; a version 7 one is made unless given. */
  id?: string
  /**
   * A second add with the same key and user stores nothing and answers with the first memory, deleted, changed or expired
   * though it may be. The key stands for the text that it first came with: another text under it is `MEMORY.KEY_REUSED`.
   */
  idempotencyKey?: string
  /** Now unless given. */
  createdAt?: Date
  /** From then on the memory is not found any more, and `lifecycle.sweep` removes it. */
  expiresAt?: Date
  /** The same, in milliseconds from now, by the clock of this process; in place of `expiresAt`. */
  ttlMs?: number
}

/**
 * What an add does when its user has a live memory of exactly the same content, in whatever session: `ignore` leaves
 * that as it is, `touch` counts an access of it, `update` changes it to what else the add gives, as `memories.update`
 * does, and `error` is `MEMORY.DUPLICATE`. Deleted and expired memories are in nobody's way.
 */
export const ON_DUPLICATE = ['ignore', 'touch', 'update', 'error'] as const
export type OnDuplicate = (typeof ON_DUPLICATE)[number]

/** A memory to add, and what to do when it is there already. */
export interface AddOneMemory extends AddMemory, CallOptions {
  /** Unless given, a content may be stored any number of times. */
  onDuplicate?: OnDuplicate
}

/** What an add answers with. */
export interface AddedMemory extends Memory {
  /** Whether this add made it; false when it was there already, by its idempotency key or its content. */
  readonly created: boolean
}

/** Which memory: an id counts for its user only. */
export interface MemoryKey {
  userId: string
  id: string
}

/** What to change; what is left out stays. */
export interface UpdateMemory extends MemoryKey, CallOptions {
  /** As in {@link AddMemory}; the vectors of the old content go with it. */
  content?: string
  /** Of the new content or the old; left out with new content, the embedder makes it. `null` removes it. */
  embedding?: VectorInput | null
  /** `null` takes the memory out of its session. */
  sessionId?: string | null
  source?: MemorySource
  /** 0 to 1. */
  importance?: number
  /** Replaces all metadata. */
  metadata?: Metadata
  /** `null`: never. */
  expiresAt?: Date | null
  /** Who changes it, for the history. */
  actor?: string
}

/** Which memory to bring back. */
export interface RestoreMemory extends MemoryKey, CallOptions {
  /** Its time from now on, `null` for never; left out, it keeps the one it had. */
  expiresAt?: Date | null
  /** Who restores it, for the history. */
  actor?: string
}

/** Which memory to make what it was, and when. */
export interface RestoreVersion extends RestoreMemory {
  /** A version that `memories.history` lists, or the present one. */
  version: number
  /** Of the text of that version; left out, the embedder makes it where the text differs from the present one. `null` keeps none. */
  embedding?: VectorInput | null
}

/** Which of one user's memories to list. */
export interface ListMemories extends CallOptions {
  userId: string
  filter?: MemoryFilter
  /** Rows a page, 1 to 1,000; 50 unless given. */
  limit?: number
  /** `nextCursor` of the page before; `null` begins, as leaving it out does. */
  cursor?: string | null
  includeDeleted?: boolean
}

/** One page of a list. */
export interface MemoryPage {
  readonly items: readonly Memory[]
  /** Gives the next page; `null` on the last. */
  readonly nextCursor: string | null
}

/** `exact` compares with every row; `high` and `fast` may use the index, with more and with less effort. */
export const ACCURACIES = ['exact', 'high', 'fast'] as const
export type Accuracy = (typeof ACCURACIES)[number]

export interface SearchOptions extends CallOptions {
  /** The vector to look for. Left out: the embedder makes it from `text`. */
  embedding?: VectorInput
  /**
   * What to look for, in words: a question, or a search with `"phrases that must occur"`, `-excluded` words, and `or` beside a
   * phrase. By words alone up to k memories that have any of them come, whenever there are so many.
   *
   * Up to 20,000 characters. What was evidently pasted has no operators: JSON, code, a list with dashes, or any text with more than
   * 32 of them or 1,000 characters in them. Of more than 100 different words the first 100 are looked up.
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
  /** What each half counts in `hybrid`; 0.5 and 0.5 unless given. Like `fusion` and `language` not for `mode: 'vector'`. */
  weights?: { vector: number; text: number }
  /**
   * How the halves are brought together: by their `score` (unless given), or by `rank` (RRF), whose scores are weight / (10 +
   * rank) summed over the halves, so at most 1/11 of the weights' sum.
   */
  fusion?: 'score' | 'rank'
  /** The text search configuration that reads `text`; `english` unless given. */
  language?: string
  /** Turns around each hit, from the same session; what they say then counts for their neighbours too. */
  context?: SearchContext
  /**
   * Ranks by relevance, recency and importance: the k best of the max(100, 4k) most relevant, 1,000 at most; of a small part of a
   * big table it may be fewer, at least max(2k, 20), unless `accuracy` is `exact`.
   */
  ranking?: Ranking
  /**
   * Leaves out what says the same again (MMR): k hits, 200 at most, of as many candidates as `ranking` takes. They come in
   * the order of choice, so their scores need not fall.
   */
  diversity?: Diversity
  /** Leaves out hits whose `score` is lower, so fewer than k may come. Which score that is, {@link MemoryHit} says. */
  minScore?: number
  /**
   * Pages through all memories by distance: `null` begins, then the `cursor` of the last hit goes on. The order must be the
   * same every time, so this is for `mode: 'vector'` with `accuracy: 'exact'`, without `ranking` and `diversity`.
   */
  after?: string | null
}

export const SEARCH_MODES = ['vector', 'text', 'hybrid'] as const
export type SearchMode = (typeof SEARCH_MODES)[number]

export interface SearchContext {
  /** How many turns before the hit to return, 0 to 20; 0 unless given. */
  before?: number
  /** How many after. */
  after?: number
  /**
   * How far what neighbouring turns say counts for a turn, 0 to 1; 0.6 unless given. Of a word that turns further off have,
   * half as much. Needs words.
   */
  lend?: number
}

/** One user's memories, or, said in so many words, everyone's. */
export type SearchMemories = SearchOptions & SearchOwner & { explain?: false }

/** A search that tells how it went, and what each hit's score is made of. */
export type ExplainSearch = SearchOptions & SearchOwner & { explain: true }

type SearchOwner = { userId: string; scope?: never } | { scope: 'all-users'; userId?: never }

/** One of many questions by meaning: `text` is embedded as it is, operators and all. */
export type SearchQuestion = { embedding?: VectorInput; text?: string } & SearchOwner

/** What all questions of a batch share. */
export type SearchManyOptions = Pick<SearchOptions, 'k' | 'accuracy' | 'filter' | keyof CallOptions> & {
  /** It goes by meaning, said or not. */
  mode?: 'vector'
}

export interface MemoryHit {
  readonly memory: Memory
  /** pgvector's distance under the model's metric: smaller is nearer. Null where words alone were searched, or it has no vector. */
  readonly distance: number | null
  /**
   * Higher is better. By meaning: 1 − distance (cosine), 1 / (1 + distance) (L2), −distance (inner product). With words: the
   * fused score, 0 to the sum of the weights (by `rank`: an eleventh of it), what neighbours lent among it. Under `ranking`: 0 to the sum of its weights.
   */
  readonly score: number
  /** With words: what the score is made of. */
  readonly parts?: { readonly vector: number; readonly text: number; readonly neighbour: number }
  /** Where the next page begins, when `after` was given. */
  readonly cursor?: string
  /** The turns around it, oldest first, when `context` asked for them. */
  readonly context?: { readonly before: readonly Memory[]; readonly after: readonly Memory[] }
}
