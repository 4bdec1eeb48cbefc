import type { MemoryFilter } from '../memories/filter.js'
import { exactDistance, indexedDistance, type VectorSpace } from './distance.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { filterCondition } from './memory-filter.js'
import { type Fragment, integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

/** How to search, whoever asks and whatever for. */
export interface SearchPlan {
  space: VectorSpace
  filter: MemoryFilter | undefined
  k: number
  /** Up to so many candidate rows all are compared; above, the index is used. `null`: always all. */
  exactUpTo: number | null
  /** How many rows the index looks at before it answers (hnsw.ef_search), 1 to 1,000. */
  efSearch: number
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
interface Asked {
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
  return statement(sql`
    select ${memoryColumns}, hit.distance
    from (${searchSettings(search.efSearch)}) setting
    cross join lateral (
      select h.user_id, h.memory_id, h.distance, setting.ef
      from (${candidateHits(search)}) h
      order by h.distance
      limit ${integerLiteral(search.k)}
    ) hit
    join memories m on m.user_id = hit.user_id and m.id = hit.memory_id
    order by hit.distance, m.id`)
}

/** One row that sets how the index searches, for the statement's own transaction: take `ef` from it in a lateral join. */
export function searchSettings(efSearch: number): Fragment {
  return sql`
      select
        set_config('hnsw.ef_search', ${String(efSearch)}, true) as ef,
        set_config('hnsw.iterative_scan', 'relaxed_order', true) as scan`
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
  return statement(
    sql`
    select q.position, ${memoryColumns}, hit.distance
    from (${searchSettings(plan.efSearch)}) setting
    cross join (values ${join(rows)}) as q (position, user_id, query)
    cross join lateral (
      select h.user_id, h.memory_id, h.distance, setting.ef
      from (${nearest(plan, asked)}) h
      order by h.distance
      limit ${integerLiteral(plan.k)}
    ) hit
    join memories m on m.user_id = hit.user_id and m.id = hit.memory_id
    order by q.position, hit.distance, m.id`,
    { prepare: false },
  )
}

/** `user_id, memory_id, distance` of the nearest rows, by the way that their number calls for. */
export function candidateHits(search: MemorySearch): Fragment {
  const { query, userId } = search
  return nearest(search, { query: sql`${query}::vector`, user: userId === null ? null : sql`${userId}` })
}

function nearest(plan: SearchPlan, asked: Asked): Fragment {
  return plan.exactUpTo === null || plan.space.indexKind === 'none'
    ? exactHits(plan, asked, nothing)
    : adaptiveHits(plan, asked, plan.exactUpTo)
}

/** Which rows of `e` are searched at all; `userId` is written so that an index on it can serve, or not. */
function candidates(search: SearchPlan, user: Fragment): Fragment {
  const memory =
    search.filter === undefined
      ? nothing
      : sql`and exists (
          select from memories m
          where m.user_id = e.user_id and m.id = e.memory_id and ${filterCondition(search.filter)}
        )`
  return sql`
    e.model_id = ${integerLiteral(search.space.id)} and e.active
    and (e.expires_at is null or e.expires_at > now())
    ${user} ${memory}`
}

function ofUser({ user }: Asked): Fragment {
  return user === null ? nothing : sql`and e.user_id = ${user}`
}

/** The same condition in a form no btree serves: else the planner may sort the user's rows instead of asking the vector index. */
function ofUserAfterIndex({ user }: Asked): Fragment {
  return user === null ? nothing : sql`and coalesce(e.user_id = ${user}, false)`
}

function exactHits(search: SearchPlan, asked: Asked, gate: Fragment): Fragment {
  // "+ 0" keeps the order from being the index's own: this branch must compare every row.
  return sql`
    select e.user_id, e.memory_id, ${exactDistance(search.space, sql`e.embedding`, asked.query)} as distance
    from memory_embeddings e
    where ${candidates(search, ofUser(asked))} ${gate}
    order by ${exactDistance(search.space, sql`e.embedding`, asked.query)} + 0
    limit ${integerLiteral(search.k)}`
}

/** Index order first, then the exact distance of what it brought: for bit vectors that is the re-rank. */
function indexHits(search: SearchPlan, asked: Asked): Fragment {
  const width = search.space.indexKind === 'hnsw-bit' ? Math.max(search.efSearch, search.k) : search.k
  return sql`
    select e.user_id, e.memory_id, ${exactDistance(search.space, sql`e.embedding`, asked.query)} as distance
    from (
      select e.user_id, e.memory_id, e.embedding
      from memory_embeddings e
      where ${candidates(search, ofUserAfterIndex(asked))}
        and (select n from probe) > ${integerLiteral(search.exactUpTo ?? 0)}
      order by ${indexedDistance(search.space, sql`e.embedding`, asked.query)}
      limit ${integerLiteral(width)}
    ) e`
}

/**
 * Everything of everyone is counted only while the table may be small: the planner's own estimate is one look into the
 * catalogue, and counting 4,000 rows took longer than the search of 100,000 that followed.
 */
function unlessHuge(count: Fragment, exactUpTo: number): Fragment {
  return sql`case
        when (select reltuples from pg_class where oid = 'memory_embeddings'::regclass) > ${integerLiteral(10 * exactUpTo)}
        then ${integerLiteral(exactUpTo + 1)}
        else ${count}
      end`
}

function adaptiveHits(search: SearchPlan, asked: Asked, exactUpTo: number): Fragment {
  const cap = integerLiteral(exactUpTo)
  const gate = sql`
    and ((select n from probe) <= ${cap} or (select count(*) from near) < ${integerLiteral(search.k)})`
  const count = sql`(
        select count(*)
        from (
          select from memory_embeddings e
          where ${candidates(search, ofUser(asked))}
          limit ${integerLiteral(exactUpTo + 1)}
        ) counted
      )`
  return sql`
    with probe as materialized (
      select ${asked.user === null && search.filter === undefined ? unlessHuge(count, exactUpTo) : count} as n
    ),
    near as materialized (${indexHits(search, asked)}),
    everything as materialized (${exactHits(search, asked, gate)})
    select user_id, memory_id, distance from everything
    union all
    select user_id, memory_id, distance from near where not exists (select from everything)`
}
