import type { MemorySearch } from '../sql/memory-search.js'
import type { RankedColumns } from '../sql/ranking.js'
import type { DiversityPart } from './diversity.js'
import type { FullRanking } from './ranking.js'
import type { MemoryHit, SearchMode } from './types.js'

/**
 * How the vectors were searched: all compared one by one, through the index, or all after the index had given fewer
 * than asked for.
 */
export type SearchPath = 'exact' | 'index' | 'index then exact'

/** One part of a rank: as it is, brought to 0..1 over the candidates, and times its weight. */
export interface RankPart {
  readonly raw: number
  readonly normalised: number
  readonly weighted: number
}

/** What one hit's score is made of; null is what this search did not ask for. */
export interface HitExplanation {
  /** The half of the fused score that meaning gives, its weight included. */
  readonly vector: number | null
  /** The half that words give. */
  readonly text: number | null
  /** What neighbouring turns lent; by rank it is part of the others. */
  readonly neighbour: number | null
  /** Under `ranking`: what the search scored without it. */
  readonly relevance: RankPart | null
  /** Under `ranking`: 1 now, 0.5 after a half-life. */
  readonly recency: RankPart | null
  readonly importance: RankPart | null
  /** Under `diversity`: why it was chosen in this place. */
  readonly diversity: DiversityPart | null
}

export interface ExplainedHit extends MemoryHit {
  readonly explanation: HitExplanation
}

export interface SearchExplanation {
  readonly mode: SearchMode
  /** Null where no vectors were searched, or words and vectors together found nothing. */
  readonly path: SearchPath | null
  /**
   * How many rows the filter lets through, as far as the choice of the path needs to know: `capped` is where it stopped
   * counting. Expired rows and those without a vector may be among them.
   */
  readonly candidates: { readonly count: number; readonly capped: boolean } | null
  /** How many rows at most were compared, and scored by their words; null where it is not known, as the index does not tell. */
  readonly rowsExamined: { readonly vector: number | null; readonly text: number | null }
  /** How many of the best rows `ranking` and `diversity` chose from. */
  readonly considered: number
  /** hnsw.ef_search, when the index was used. */
  readonly efSearch: number | null
  readonly timings: {
    /** Making the vector and encoding it; 0 without one. */
    readonly embedMs: number
    /** The statement, from handing it over to its rows, waiting for a connection included. */
    readonly statementMs: number
    /** The call as a whole. */
    readonly totalMs: number
  }
}

/** An explanation whose call still runs. */
export type CallExplanation = Omit<SearchExplanation, 'timings'> & {
  readonly timings: Omit<SearchExplanation['timings'], 'totalMs'>
}

/** The answer to a search with `explain: true`. */
export interface ExplainedSearch {
  readonly hits: readonly ExplainedHit[]
  readonly explanation: SearchExplanation
}

function part(raw: number | undefined, normalised: number | undefined, weight: number): RankPart | null {
  if (raw === undefined || normalised === undefined) return null
  return { raw, normalised, weighted: weight * normalised }
}

export function explainHit(
  row: RankedColumns,
  ranking: FullRanking | null,
  diversity: DiversityPart | null,
): HitExplanation {
  const weights = ranking?.weights ?? { relevance: 0, recency: 0, importance: 0 }
  return {
    vector: row.vectorScore,
    text: row.textScore,
    neighbour: row.neighbourScore,
    relevance: part(row.relevanceRaw, row.relevanceNormal, weights.relevance),
    recency: part(row.recencyRaw, row.recencyNormal, weights.recency),
    importance: part(row.importanceRaw, row.importanceNormal, weights.importance),
    diversity,
  }
}

/** What the first row tells of the search as a whole: without one, nothing was there to be compared. */
export function explainSearch(
  mode: SearchMode,
  half: MemorySearch | null,
  row: RankedColumns | undefined,
): Omit<SearchExplanation, 'timings'> {
  const path = row?.path ?? (mode === 'vector' ? 'exact' : null)
  const count = row?.probed ?? (mode === 'vector' ? 0 : null)
  const exactUpTo = half === null || half.space.indexKind === 'none' ? null : half.exactUpTo
  const capped = count !== null && exactUpTo !== null && count > exactUpTo
  return {
    mode,
    path,
    candidates: count === null ? null : { count, capped },
    rowsExamined: { vector: path === 'exact' ? count : null, text: row?.matched ?? null },
    considered: row?.considered ?? 0,
    efSearch: path === null || path === 'exact' ? null : (half?.efSearch ?? null),
  }
}
