import type { SearchPath } from '../memories/explain.js'
import type { FullRanking } from '../memories/ranking.js'
import type { Metric } from '../models/types.js'
import { type HybridSearch, hybridHits } from './hybrid-search.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { type MemorySearch, nearestHits } from './memory-search.js'
import { restoringSettings } from './search-settings.js'
import { type Fragment, integerLiteral, nothing, type Statement, sql, statement } from './statement.js'

/** A search whose hits are ranked, thinned out or explained after it has found them. */
export interface RankedSearch {
  /** What finds the candidates: its `k` says how many. */
  candidates: { vector: MemorySearch } | { words: HybridSearch }
  /** Null keeps the order of the search. */
  ranking: FullRanking | null
  /** How many of the ranked candidates are returned. */
  limit: number
  /** Under which model to return the candidates' vectors; null returns none. */
  vectorsOf: number | null
  explain: boolean
}

/** What stands beside the columns of the memory. */
export interface RankedColumns {
  distance: number | null
  score: number
  vectorScore: number | null
  textScore: number | null
  neighbourScore: number | null
  /** pgvector's binary form; there only with `vectorsOf`. */
  vector?: Uint8Array | null
  /** From here on only with `explain`. */
  path?: SearchPath | null
  probed?: number | null
  matched?: number | null
  considered?: number
  /** From here on only with `explain` and a ranking. */
  relevanceRaw?: number
  relevanceNormal?: number
  recencyRaw?: number
  recencyNormal?: number
  importanceRaw?: number
  importanceNormal?: number
}

export type RankedRow = MemoryRow & RankedColumns

/**
 * Searches, and ranks what was found, in one statement: relevance, recency and importance are each brought to 0..1 over
 * the candidates (min-max) and summed by weight, as in Generative Agents (Park et al. 2023).
 */
export function searchRanked(search: RankedSearch): Statement<RankedRow> {
  const { ranking, limit, vectorsOf } = search
  const vector =
    vectorsOf === null
      ? nothing
      : sql`,
      (
        select vector_send(e.embedding)
        from memory_embeddings e
        where e.user_id = r.user_id and e.memory_id = r.id and e.model_id = ${integerLiteral(vectorsOf)}
      ) as vector`
  const { candidates: found } = search
  const half = 'words' in found ? found.words.vector : found.vector
  const hits = sql`
    with candidate as materialized (${candidates(search)}),
    ${ranking === null ? sql`scored as (select *, relevance as score from candidate)` : scored(ranking)},
    ranked as materialized (
      select *
      from scored
      order by score desc, distance, id, user_id
      limit ${integerLiteral(limit)}
    )
    select
      ${memoryColumns}, r.distance, r.score, r.vector_score as "vectorScore", r.text_score as "textScore",
      r.neighbour_score as "neighbourScore" ${search.explain ? explained(ranking !== null) : nothing} ${vector}
    from ranked r
    join memories m on m.user_id = r.user_id and m.id = r.id
    order by r.score desc, r.distance, m.id, m.user_id`
  return statement(half === null ? hits : restoringSettings(half, hits))
}

function candidates({ candidates: found, explain }: RankedSearch): Fragment {
  if ('words' in found) {
    const { words } = found
    return sql`
      select
        hit.user_id, hit.id, hit.distance, hit.score as relevance, hit.vector_score, hit.text_score,
        hit.neighbour_score ${explain ? sql`, hit.path, hit.probed, hit.matched` : nothing}
      from ${hybridHits({ ...words, explain, vector: words.vector && { ...words.vector, explain } })}`
  }
  return sql`
      select
        hit.user_id, hit.memory_id as id, hit.distance, ${relevance(found.vector.space.metric)} as relevance,
        null::float8 as vector_score, null::float8 as text_score, null::float8 as neighbour_score
        ${explain ? sql`, hit.path, hit.probed, null::float8 as matched` : nothing}
      from ${nearestHits({ ...found.vector, explain })}`
}

/** The score of a hit by meaning, out of its distance. */
export function relevance(metric: Metric): Fragment {
  switch (metric) {
    case 'cosine':
      return sql`1 - hit.distance`
    case 'l2':
      return sql`1 / (1 + hit.distance)`
    case 'inner-product':
      return sql`-hit.distance`
  }
}

/** Past so many half-lives recency is as good as 0, and further on too small for a float8: PostgreSQL fails there. */
export const MAX_HALF_LIVES = 100

function scored({ weights, halfLifeMs, at }: FullRanking): Fragment {
  const moment = at === null ? sql`now()` : sql`${at}::timestamptz`
  // greatest() passes over a null: without an access the memory's own age counts.
  const ageMs = sql`1000 * extract(epoch from ${moment} - greatest(m.created_at, a.last_accessed_at))::float8`
  const halfLives = sql`least(greatest(${ageMs}, 0) / ${halfLifeMs}::float8, ${integerLiteral(MAX_HALF_LIVES)})`
  return sql`measured as (
      select
        c.*, c.relevance as relevance_raw, power(0.5::float8, ${halfLives}) as recency_raw,
        m.importance as importance_raw
      from candidate c
      join memories m on m.user_id = c.user_id and m.id = c.id
      left join memory_access a on a.user_id = c.user_id and a.memory_id = c.id
    ),
    normal as (
      select
        measured.*,
        ${normalised(sql`relevance_raw`)} as relevance_normal,
        ${normalised(sql`recency_raw`)} as recency_normal,
        ${normalised(sql`importance_raw`)} as importance_normal
      from measured
    ),
    scored as (
      select
        normal.*,
        ${weights.relevance}::float8 * relevance_normal + ${weights.recency}::float8 * recency_normal
          + ${weights.importance}::float8 * importance_normal as score
      from normal
    )`
}

/**
 * Brought to 0..1 over the candidates; without a spread each is as good as the best. A spread below 1e-100 is none: its
 * quotients and products could be too small for a float8, on which PostgreSQL fails.
 */
export function normalised(value: Fragment): Fragment {
  const low = sql`min(${value}) over ()`
  const high = sql`max(${value}) over ()`
  return sql`case
          when ${high} - ${low} < 1e-100 then 1
          when ${value} - ${low} < 1e-100 then 0
          else (${value} - ${low}) / (${high} - ${low})
        end`
}

function explained(ranking: boolean): Fragment {
  const parts = sql`,
      r.relevance_raw as "relevanceRaw", r.relevance_normal as "relevanceNormal",
      r.recency_raw as "recencyRaw", r.recency_normal as "recencyNormal",
      r.importance_raw as "importanceRaw", r.importance_normal as "importanceNormal"`
  return sql`,
      r.path, r.probed, r.matched, (select count(*)::float8 from candidate) as considered ${ranking ? parts : nothing}`
}
