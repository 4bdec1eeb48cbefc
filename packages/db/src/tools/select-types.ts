import type { CallOptions } from '../call-options.js'
import type { RankPart, SearchExplanation } from '../memories/explain.js'
import type { Accuracy, SearchMode } from '../memories/types.js'
import type { VectorInput } from '../vector.js'
import type { ToolRanking } from './ranking.js'
import type { Tool, ToolFilter } from './types.js'

/** A request that tools are wanted for. */
export interface SelectTools extends CallOptions {
  /** The vector of the request. Left out: the embedder makes it from `text`. */
  embedding?: VectorInput
  /** The request in words, 1 to 20,000 characters. All of it are words: quotes and minus mean nothing here. */
  text?: string
  /**
   * `vector` by meaning, `text` by words, `hybrid` by both. Unless given: by whatever there is, so `hybrid` when there are
   * words and a vector or an embedder.
   */
  mode?: SearchMode
  /** How many, 1 to 200; 5 unless given. */
  k?: number
  /** Enabled tools only, unless `enabled` says otherwise; removed ones never. */
  filter?: ToolFilter
  accuracy?: Accuracy
  /** What each half counts in `hybrid`; 0.5 and 0.5 unless given. */
  weights?: { vector: number; text: number }
  /** How the halves are brought together: by their `score` (unless given), or by `rank` (RRF). */
  fusion?: 'score' | 'rank'
  /** The text search configuration that reads `text`; `english` unless given. */
  language?: string
  /** Ranks by relevance, success and recent use: the k best of the max(100, 4k) most relevant. */
  ranking?: ToolRanking
  /** Leaves out hits whose `score` is lower, so fewer than k may come. */
  minScore?: number
  explain?: false
}

/** A selection that tells how it went, and what each hit's score is made of. */
export interface ExplainTools extends Omit<SelectTools, 'explain'> {
  explain: true
}

export interface ToolHit {
  readonly tool: Tool
  /** pgvector's distance under the model's metric: smaller is nearer. Null where words alone were searched, or it has no vector. */
  readonly distance: number | null
  /**
   * Higher is better. By meaning: 1 − distance (cosine), 1 / (1 + distance) (L2), −distance (inner product). With words: the
   * fused score, 0 to the sum of the weights. Under `ranking`: 0 to the sum of its weights.
   */
  readonly score: number
  /** With words: what the score, or under `ranking` the relevance, is made of. */
  readonly parts?: { readonly vector: number; readonly text: number }
}

/** What one hit's score is made of; null is what this selection did not ask for. */
export interface ToolHitExplanation {
  /** The half of the fused score that meaning gives, its weight included. */
  readonly vector: number | null
  /** The half that words give. */
  readonly text: number | null
  /** Under `ranking`: what the search scored without it. */
  readonly relevance: RankPart | null
  /** Under `ranking`: the smoothed success rate, and the calls within the window that it comes from. */
  readonly success: (RankPart & { readonly calls: number; readonly failures: number }) | null
  /** Under `ranking`: 1 for a tool called in this hour, at its beginning, 0.5 after a half-life, 0 for one never called; and the last hour in which it was. */
  readonly recency: (RankPart & { readonly lastUsedAt: Date | null }) | null
}

export interface ExplainedToolHit extends ToolHit {
  readonly explanation: ToolHitExplanation
}

/** The answer to a selection with `explain: true`. */
export interface ExplainedSelection {
  readonly hits: readonly ExplainedToolHit[]
  readonly explanation: SearchExplanation
}
