import type { EmbeddingModel } from '../models/types.js'
import type { HybridSearch } from '../sql/hybrid-search.js'
import type { MemorySearch } from '../sql/memory-search.js'
import { type RankedRow, searchRanked } from '../sql/ranking.js'
import { decodeVector } from '../vector.js'
import type { MemoryContext } from './context.js'
import { type Diversity, type DiversityPart, diversePool, selectDiverse } from './diversity.js'
import { type CallExplanation, type ExplainedHit, explainHit, explainSearch } from './explain.js'
import { refinedHit } from './hit.js'
import type { FullRanking } from './ranking.js'
import type { MemoryHit, SearchMode } from './types.js'

/** A search whose hits are ranked, chosen for diversity or explained, and how to make its parts. */
export interface RefinedSearch {
  mode: SearchMode
  model: EmbeddingModel
  k: number
  /** How many rows ranking and diversity choose from. */
  candidates: number
  ranking: FullRanking | null
  diversity: Diversity | undefined
  minScore: number | undefined
  /** The search by meaning for so many rows, its vector made. */
  vector(limit: number): MemorySearch | Promise<MemorySearch>
  /** The search with words for so many rows, with a half by meaning or without one. */
  words(half: MemorySearch | null, limit: number): HybridSearch
}

/** Hits, and whether there was nothing at all, before `minScore` left anything out. */
export interface Found<H> {
  readonly hits: H[]
  readonly isEmpty: boolean
}

interface Chosen {
  readonly row: RankedRow
  readonly diversity: DiversityPart | null
}

export async function findRefined(context: MemoryContext, search: RefinedSearch): Promise<Found<MemoryHit>> {
  const { chosen, rows } = await refine(context, search, false)
  return { hits: chosen.map(({ row }) => refinedHit(row)), isEmpty: rows.length === 0 }
}

export async function findExplained(
  context: MemoryContext,
  search: RefinedSearch,
): Promise<Found<ExplainedHit> & { explanation: CallExplanation }> {
  const { ranking } = search
  const { chosen, rows, half, timings } = await refine(context, search, true)
  const hits = chosen.map(({ row, diversity }) => ({
    ...refinedHit(row),
    explanation: explainHit(row, ranking, diversity),
  }))
  return {
    hits,
    isEmpty: rows.length === 0,
    explanation: { ...explainSearch(search.mode, half, rows[0]), timings },
  }
}

async function refine(context: MemoryContext, search: RefinedSearch, explain: boolean) {
  const { mode, model, k, ranking, diversity } = search
  const pool = poolSize(search)
  const start = performance.now()
  const half = mode === 'text' ? null : await search.vector(mode === 'vector' ? pool : search.candidates)
  const embedded = performance.now()
  const rows = await context.executor.run(
    searchRanked({
      candidates: mode === 'vector' && half !== null ? { vector: half } : { words: search.words(half, pool) },
      ranking,
      limit: diversity === undefined ? k : pool,
      vectorsOf: diversity === undefined ? null : model.id,
      explain,
    }),
  )
  const timings = { embedMs: embedded - start, statementMs: performance.now() - embedded }
  return { chosen: choose(rows, search), rows, half, timings }
}

function poolSize({ k, candidates, ranking, diversity, model }: RefinedSearch): number {
  if (diversity !== undefined) return diversePool(k, candidates, model.dimensions)
  return ranking === null ? k : candidates
}

function choose(rows: readonly RankedRow[], { k, model, diversity, minScore }: RefinedSearch): Chosen[] {
  const good = minScore === undefined ? rows : rows.filter(({ score }) => score >= minScore)
  if (diversity === undefined) return good.map((row) => ({ row, diversity: null }))
  const candidates = good.map((row) => ({
    row,
    score: row.score,
    vector: row.vector ? decodeVector(row.vector) : null,
  }))
  return selectDiverse(candidates, { k, lambda: diversity.lambda, metric: model.metric }).map(
    ({ candidate, diversity: part }) => ({ row: candidate.row, diversity: part }),
  )
}
