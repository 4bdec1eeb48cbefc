import type { QueryText } from '../memories/query-text.js'
import { type Collection, MEMORIES } from './collection.js'
import { hybridScores, isMeaningAlone } from './hybrid-scores.js'
import { isLive, type MemoryRow, memoryColumns } from './memory-columns.js'
import { filterCondition } from './memory-filter.js'
import { candidateHits, type MemorySearch } from './memory-search.js'
import { restoringSettings, settingRow } from './search-settings.js'
import { type Fragment, integerLiteral, nothing, type Statement, sql, statement } from './statement.js'
import { saidInEveryLanguage, textCondition } from './text-condition.js'
import { textHits } from './text-search.js'
import { turnWindow } from './turn-window.js'

export interface HybridSearch {
  /** What is searched; memories unless given. */
  collection?: Collection | undefined
  /** The vector half; null searches by words alone. */
  vector: MemorySearch | null
  userId: string | null
  filter: MemorySearch['filter']
  query: QueryText
  language: string
  k: number
  /** How many rows each half brings, from which the k best are taken. */
  candidates: number
  weights: { vector: number; text: number }
  fusion: 'score' | 'rank'
  /** RRF's constant. */
  rankConstant: number
  /** How far what neighbouring turns say counts for a turn; 0 leaves them out. */
  lend: number
  /** Whether each hit says how the halves came by their rows; the vector half says so for itself. */
  explain?: boolean
}

export type HybridRow = MemoryRow & {
  distance: number | null
  score: number
  vectorScore: number
  textScore: number
  neighbourScore: number
}

/** Rows of `m` that this search may find. */
function searched(search: HybridSearch): Fragment {
  const user = search.userId === null ? nothing : sql`and m.user_id = ${search.userId}`
  const filter = search.filter === undefined ? nothing : sql`and ${filterCondition(search.filter)}`
  return sql`${isLive} ${user} ${filter}`
}

/**
 * Vectors and words in one statement: each half brings its best rows, every row so found gets both of its exact
 * scores, and these are fused.
 *
 * - `score`: distances are brought to 0..1 over the candidates (min-max), what the neighbours lend is added, each half is
 *   divided by its best, and they are summed by weight.
 * - `rank`: reciprocal rank fusion, weight / (constant + rank) (Cormack, Clarke and Buettcher, SIGIR 2009).
 *
 * What was tried and what it gave: docs/adr/0014-finding-the-right-memory.md.
 */
export function searchHybrid(search: HybridSearch): Statement<HybridRow> {
  const hits = sql`
    select
      ${memoryColumns}, hit.distance, hit.score,
      hit.vector_score as "vectorScore", hit.text_score as "textScore", hit.neighbour_score as "neighbourScore"
    from ${hybridHits(search)}
    join memories m on m.user_id = hit.user_id and m.id = hit.id
    order by hit.score desc, m.id`
  return statement(search.vector === null ? hits : restoringSettings(search.vector, hits))
}

/** What a search with words finds, to stand in `from` under the name `hit`, in no order. */
export function hybridHits(search: HybridSearch): Fragment {
  const { vector, collection = MEMORIES } = search
  const condition = textCondition(search)
  const live = searched(search)
  const rows = condition === null ? live : sql`${live} and ${condition}`
  const text = {
    ...{ collection, query: search.query, language: search.language, rows: live, userId: search.userId },
    ...{
      isFiltered: search.filter !== undefined,
      limit: search.candidates,
      atLeast: search.k,
      lends: search.lend > 0,
    },
  }
  const half = vector && { ...vector, condition: condition ?? vector.condition }
  return sql`${vector === null ? sql`(select 1 as ef) setting` : settingRow(vector)}
    cross join lateral (
      with ${saidInEveryLanguage(search)} ${textHits(text)},
      vector_hits as materialized (
        ${half === null ? sql`select m.user_id, m.id as memory_id from ${collection.rows} m where false` : vectorHits(half)}
      ),
      found as materialized (
        select user_id, id from text_hits ${isMeaningAlone(search) ? sql`where false` : nothing}
        union
        select user_id, memory_id from vector_hits
      ),
      ${turnWindow(search.lend > 0, rows)},
      ${hybridScores(search)}
      select *, setting.ef ${search.explain ? explained(search) : nothing}
      from fused
      order by score desc, id
      limit ${integerLiteral(search.k)}
    ) hit`
}

/** Columns that tell how the halves came by their rows. */
function explained({ vector }: HybridSearch): Fragment {
  const ofVectors =
    vector === null
      ? sql`null::text as path, null::float8 as probed`
      : sql`
        (select v.path from vector_hits v limit 1) as path,
        (select v.probed from vector_hits v limit 1) as probed`
  return sql`, ${ofVectors}, (select count(*)::float8 from matching) as matched`
}

/** The nearest rows of those that may be found: what words rule out must not take the place of what they leave. */
function vectorHits(vector: MemorySearch): Fragment {
  const explain = vector.explain ? sql`, h.path, h.probed` : nothing
  return sql`select h.user_id, h.memory_id ${explain}
        from (${candidateHits(vector)}) h
        order by h.distance
        limit ${integerLiteral(vector.k)}`
}
