import type { SearchPath } from '../memories/explain.js'
import type { FullToolRanking } from '../tools/ranking.js'
import { type HybridSearch, hybridHits } from './hybrid-search.js'
import { type MemorySearch, nearestHits } from './memory-search.js'
import { MAX_HALF_LIVES, normalised, relevance } from './ranking.js'
import { restoringSettings } from './search-settings.js'
import { type Fragment, integerLiteral, nothing, type Statement, sql, statement } from './statement.js'
import { toolUsageRank } from './tool-usage-summary.js'
import { type ToolConditions, toolCollection, toolCondition } from './tools-collection.js'
import { type ToolRow, toolColumns } from './tools-columns.js'

/** What finds tools, in terms of the search that memories are found by. */
export interface ToolSearch {
  /** By meaning, alone or as the half of `words`. */
  vector: MemorySearch | null
  /** By words, with `vector` or without it; null for meaning alone. */
  words: Omit<HybridSearch, 'vector' | 'collection' | 'explain'> | null
  conditions: ToolConditions
  /** Null keeps the order of the search. */
  ranking: FullToolRanking | null
  /** How many of the candidates are returned. */
  limit: number
  explain: boolean
}

export type SelectedRow = ToolRow & {
  distance: number | null
  score: number
  vectorScore: number | null
  textScore: number | null
  /** From here on only with `explain`. */
  path?: SearchPath | null
  probed?: number | null
  matched?: number | null
  considered?: number
  /** From here on only with `explain` and a ranking. */
  relevanceRaw?: number
  relevanceNormal?: number
  successRaw?: number
  recencyRaw?: number
  calls?: number
  failures?: number
  lastUsedAt?: Date | null
}

/** So many calls that go as those of all candidates do stand beside the tool's own. */
const PRIOR_CALLS = sql`10`

/**
 * The best tools for a request, in one statement: found as memories are, by the same builders over other tables, and
 * ranked by relevance, success and recent use where asked.
 */
export function selectBestTools(search: ToolSearch): Statement<SelectedRow> {
  const { vector, ranking, limit, explain } = search
  const hits = sql`
    with candidate as materialized (${candidates(search)}),
    ${ranking === null ? sql`scored as (select *, relevance as score from candidate)` : scored(ranking)},
    ranked as materialized (
      select *
      from scored
      order by score desc, distance, id
      limit ${integerLiteral(limit)}
    )
    select
      ${toolColumns}, r.distance, r.score, r.vector_score as "vectorScore", r.text_score as "textScore"
      ${explain ? explained(ranking !== null) : nothing}
    from ranked r
    join tools t on t.id = r.id
    order by r.score desc, r.distance, r.id`
  return statement(vector === null ? hits : restoringSettings(vector, hits))
}

/** Whether so few tools are meant that counting them is worth while, before the index is asked. */
function isSelective({ names, tags, anyTag, enabled }: ToolConditions): boolean {
  return names !== undefined || tags !== undefined || anyTag !== undefined || enabled === false
}

function candidates({ vector, words, conditions, explain }: ToolSearch): Fragment {
  const collection = toolCollection(toolCondition(conditions))
  const half = vector && {
    ...vector,
    collection,
    // What the collection leaves out has vectors all the same: each is looked up there.
    condition: sql`true`,
    isSelective: isSelective(conditions),
    explain,
  }
  if (words !== null) {
    return sql`
      select
        hit.id, hit.distance, hit.score as relevance, hit.vector_score, hit.text_score
        ${explain ? sql`, hit.path, hit.probed, hit.matched` : nothing}
      from ${hybridHits({ ...words, collection, vector: half, explain })}`
  }
  if (half === null) throw new TypeError('a search for tools by neither meaning nor words')
  return sql`
      select
        hit.memory_id as id, hit.distance, ${relevance(half.space.metric)} as relevance,
        null::float8 as vector_score, null::float8 as text_score
        ${explain ? sql`, hit.path, hit.probed, null::float8 as matched` : nothing}
      from ${nearestHits(half)}`
}

/** Relevance is brought to 0..1 over the candidates; what usage tells is 0..1 by itself, and means the same in every search. */
function scored({ weights, windowMs, halfLifeMs, at }: FullToolRanking): Fragment {
  const moment = at === null ? sql`now()` : sql`${at}::timestamptz`
  const since = sql`${moment} - ${windowMs}::float8 * interval '1 millisecond'`
  const ageMs = sql`1000 * extract(epoch from ${moment} - u.last_used)::float8`
  const halfLives = sql`least(greatest(${ageMs}, 0) / ${halfLifeMs}::float8, ${integerLiteral(MAX_HALF_LIVES)})`
  return sql`used as materialized (
      select c.id, u.calls::float8 as calls, u.failures::float8 as failures, u.last_used_at as last_used
      from candidate c
      cross join lateral (${toolUsageRank(sql`c.id`, since)}) u
    ),
    overall as materialized (
      select coalesce(1 - sum(failures) / nullif(sum(calls), 0), 1) as rate from used
    ),
    measured as (
      select
        c.*, u.calls, u.failures, u.last_used, c.relevance as relevance_raw,
        (u.calls - u.failures + ${PRIOR_CALLS} * overall.rate) / (u.calls + ${PRIOR_CALLS}) as success_raw,
        case when u.last_used is null then 0 else power(0.5::float8, ${halfLives}) end as recency_raw
      from candidate c
      join used u on u.id = c.id
      cross join overall
    ),
    normal as (select measured.*, ${normalised(sql`relevance_raw`)} as relevance_normal from measured),
    scored as (
      select
        normal.*,
        ${weights.relevance}::float8 * relevance_normal + ${weights.success}::float8 * success_raw
          + ${weights.recency}::float8 * recency_raw as score
      from normal
    )`
}

function explained(ranking: boolean): Fragment {
  const parts = sql`,
      r.relevance_raw as "relevanceRaw", r.relevance_normal as "relevanceNormal", r.success_raw as "successRaw",
      r.recency_raw as "recencyRaw", r.calls, r.failures, r.last_used as "lastUsedAt"`
  return sql`,
      r.path, r.probed, r.matched, (select count(*)::float8 from candidate) as considered ${ranking ? parts : nothing}`
}
