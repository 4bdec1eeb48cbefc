import type { MemoryFilter } from '../memories/filter.js'
import { adaptiveHits, exactHits } from './adaptive-search.js'
import { candidates, ofUser } from './candidate-rows.js'
import { type Collection, MEMORIES } from './collection.js'
import type { VectorSpace } from './distance.js'
import { alwaysExact } from './explain.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { restoringSettings, searchSettings, settingRow } from './search-settings.js'
import {
  createTemplates,
  type Fragment,
  integerLiteral,
  join,
  nothing,
  type Statement,
  slot,
  sql,
  statement,
} from './statement.js'

/** How to search, whoever asks and whatever for. */
export interface SearchPlan {
  space: VectorSpace
  /** What is searched; memories unless given. */
  collection?: Collection | undefined
  filter: MemoryFilter | undefined
  k: number
  /** What the row `m` must be beside the filter; never null. */
  condition?: Fragment | undefined
  /** Whether the condition leaves so few rows that they are worth counting, as those of a filter are. */
  isSelective?: boolean
  /** Whether row-level security leaves rows out inside of the index scan. */
  isConfined?: boolean
  /** How many hits of the index will do, before all candidates are compared; k unless given. */
  enough?: number
  /** Below how many hits the index is asked again, for more rows; `enough` unless given. */
  widenBelow?: number
  /** Up to so many candidate rows all are compared; above, the index is used. `null`: always all. */
  exactUpTo: number | null
  /** How many rows the index looks at before it answers (hnsw.ef_search), 1 to 1,000. */
  efSearch: number
  /** Whether the settings that stood before are put back, as a caller's transaction wants them. */
  restores?: boolean
  /** Whether each hit says how it was found, in the columns `path` and `probed`. */
  explain?: boolean
}

/** Who asks, and for what. */
export interface Question {
  /** pgvector's binary form. */
  query: Buffer
  /** Null searches all users. */
  userId: string | null
}

export type MemorySearch = SearchPlan & Question

/** A question as it stands in the statement: parameters, or columns of the row that holds it. */
export interface Asked {
  query: Fragment
  user: Fragment | null
}

export type SearchRow = MemoryRow & { distance: number }

/**
 * The nearest memories, in one statement and one round trip, its own search settings included.
 *
 * Which way to go is decided inside the statement by a capped count of the candidate rows: few are compared one
 * by one (`exact`), many go through the index (`near`). The branch not taken is a One-Time Filter, never run.
 * Left to itself, the planner chose the index for selective filters too: recall@10 0.36 at 10 % of 100,000 rows
 * and 0.04 at 1 %. And should the index give fewer than k rows, `exact` runs after all: k rows come whenever k exist.
 */
export function searchMemories(search: MemorySearch): Statement<SearchRow> {
  const { space, userId, query, filter, condition, explain } = search
  if (filter !== undefined || condition !== undefined || explain) return built(search)
  const { k, enough, widenBelow, exactUpTo, efSearch, isConfined, restores } = search
  const shape = [space.id, space.dimensions, space.metric, space.indexKind, k, enough, widenBelow, exactUpTo]
  return plain(
    `${shape.join()},${efSearch},${userId === null},${isConfined},${restores}`,
    new Map<unknown, unknown>([
      [QUERY, query],
      [USER, userId],
    ]),
    () => built({ ...search, query: QUERY, userId: userId === null ? null : (USER as unknown as string) }),
  )
}

const QUERY = slot()
const USER = slot()
/** Searches without a filter are of few shapes; filters are of endless ones. */
const plain = createTemplates<SearchRow>()

function built(search: MemorySearch): Statement<SearchRow> {
  const hits = sql`
    select ${memoryColumns}, hit.distance
    from ${nearestHits(search)}
    join memories m on m.user_id = hit.user_id and m.id = hit.memory_id
    order by hit.distance, m.id`
  return statement(restoringSettings(search, hits))
}

/** What a search finds, to stand in `from` under the name `hit`, in no order: `user_id, memory_id, distance`. */
export function nearestHits(search: MemorySearch): Fragment {
  return sql`${settingRow(search)}
    cross join lateral (
      select h.*, setting.ef
      from (${candidateHits(search)}) h
      order by h.distance
      limit ${integerLiteral(search.k)}
    ) hit`
}

export type SearchManyRow = SearchRow & { position: number }

/**
 * The nearest memories to each of many questions: one statement, one plan and one round trip for all. Questions about
 * one user and about all users have different plans, so they do not mix.
 */
export function searchManyMemories(
  plan: SearchPlan,
  questions: readonly Question[],
): Statement<SearchManyRow> {
  const allUsers = questions.every(({ userId }) => userId === null)
  const rows = questions.map(
    ({ userId, query }, i) => sql`(${integerLiteral(i)}, ${userId}::text, ${query}::vector)`,
  )
  const asked = { query: sql`q.query`, user: allUsers ? null : sql`q.user_id` }
  // Set anew for each question: one that had to look further leaves a wider search behind, for all that follow.
  const hits = sql`
    select q.position, ${memoryColumns}, hit.distance
    from ${settingRow(plan)}
    cross join (values ${join(rows)}) as q (position, user_id, query)
    cross join lateral (
      ${searchSettings(plan.efSearch)}
      where setting.ef is not null and q.position >= 0
    ) again
    cross join lateral (
      select h.user_id, h.memory_id, h.distance, again.ef
      from (${nearest(plan, asked)}) h
      order by h.distance
      limit ${integerLiteral(plan.k)}
    ) hit
    join memories m on m.user_id = hit.user_id and m.id = hit.memory_id
    order by q.position, hit.distance, m.id`
  return statement(restoringSettings(plan, hits), { prepare: false })
}

/** `user_id, memory_id, distance` of the nearest rows, by the way that their number calls for. */
export function candidateHits(search: MemorySearch): Fragment {
  const { query, userId } = search
  return nearest(search, { query: sql`${query}::vector`, user: userId === null ? null : sql`${userId}` })
}

function nearest(plan: SearchPlan, asked: Asked): Fragment {
  if (plan.exactUpTo !== null && plan.space.indexKind !== 'none')
    return adaptiveHits(plan, asked, plan.exactUpTo)
  const hits = exactHits(plan, asked, nothing)
  const { vectors } = plan.collection ?? MEMORIES
  return plan.explain ? alwaysExact(hits, vectors, candidates(plan, ofUser(asked))) : hits
}
