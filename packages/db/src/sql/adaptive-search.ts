import { MEMORIES } from './collection.js'
import { exactDistance, indexedDistance } from './distance.js'
import { exactAfterProbe, indexAfterProbe } from './explain.js'
import { filterCondition } from './memory-filter.js'
import type { Asked, SearchPlan } from './memory-search.js'
import { type Fragment, integerLiteral, join, nothing, sql } from './statement.js'

/** Which rows of `e` are searched at all, but for the filter; `user` is written so that an index on it can serve, or not. */
function searchable(search: Pick<SearchPlan, 'space'>, user: Fragment): Fragment {
  return sql`
    e.model_id = ${integerLiteral(search.space.id)} and e.active
    and (e.expires_at is null or e.expires_at > now())
    ${user}`
}

/** What a row's memory `m` must be, or null when any will do. */
function wanted({ filter, condition }: Pick<SearchPlan, 'filter' | 'condition'>): Fragment | null {
  const parts = [filter === undefined ? [] : filterCondition(filter), condition ?? []].flat()
  return parts.length === 0 ? null : sql`(${join(parts, ' and ')})`
}

/** What is searched: memories unless the plan says otherwise. */
const of = ({ collection = MEMORIES }: Pick<SearchPlan, 'collection'>) => collection

/** Which rows of `e` are searched at all, with the filter. */
export function candidates(
  search: Pick<SearchPlan, 'space' | 'filter' | 'condition' | 'collection'>,
  user: Fragment,
): Fragment {
  const condition = wanted(search)
  const memory =
    condition === null
      ? nothing
      : sql`and exists (
          select from ${of(search).rows} m where m.user_id = e.user_id and m.id = e.memory_id and ${condition}
        )`
  return sql`${searchable(search, user)} ${memory}`
}

export function ofUser({ user }: Pick<Asked, 'user'>): Fragment {
  return user === null ? nothing : sql`and e.user_id = ${user}`
}

/** The same condition in a form no btree serves: else the planner may sort the user's rows instead of asking the vector index. */
function ofUserAfterIndex({ user }: Asked): Fragment {
  return user === null ? nothing : sql`and coalesce(e.user_id = ${user}, false)`
}

/** The k nearest of the rows in `from`, every one of them compared. */
function compared(search: SearchPlan, { query }: Asked, from: Fragment): Fragment {
  const distance = exactDistance(search.space, sql`e.embedding`, query)
  // "+ 0" keeps the order from being the index's own: this branch must compare every row.
  return sql`
    select e.user_id, e.memory_id, ${distance} as distance
    from ${from}
    order by ${distance} + 0
    limit ${integerLiteral(search.k)}`
}

/** The nearest of all candidates, unless `gate` says otherwise. */
export function exactHits(search: SearchPlan, asked: Asked, gate: Fragment): Fragment {
  const from = sql`${of(search).vectors} e where ${candidates(search, ofUser(asked))} ${gate}`
  return compared(search, asked, from)
}

/**
 * The filter, asked of each row that the index brings. As a value and not as a condition that the planner could make a join
 * of: taking `@>` for rare, it joined first and sorted what was half of all rows, 23 ms where the index takes 1.
 */
function askedOfEach(search: SearchPlan): Fragment {
  const condition = wanted(search)
  if (condition === null) return nothing
  return sql`and coalesce(
          (select ${condition} from ${of(search).rows} m where m.user_id = e.user_id and m.id = e.memory_id),
          false
        )`
}

/** The first so many rows in the index's order, none left out, where `gate` lets it be asked at all. */
function inIndexOrder(search: SearchPlan, asked: Asked, limit: number, gate: Fragment): Fragment {
  return sql`
      select e.user_id, e.memory_id, e.embedding
      from ${of(search).vectors} e
      where ${gate}
      order by ${indexedDistance(search.space, sql`e.embedding`, asked.query)}
      limit ${integerLiteral(limit)}`
}

const many = (search: SearchPlan) => sql`(select n from probe) > ${integerLiteral(search.exactUpTo ?? 0)}`
const exact = (search: SearchPlan, { query }: Asked) => exactDistance(search.space, sql`e.embedding`, query)

/**
 * Under a filter so many times more bits are compared in full: the scan meets what passes in no strict order. With filters that
 * go with the meaning recall@10 was 0.95 and 0.978 with as many as without one, and is 0.988 and 0.997 with twice as many.
 */
const NARROWED_BITS = 2

/** Index order with the filter in it, then the exact distance of what it brought: for bit vectors that is the re-rank. */
function nearByScan(search: SearchPlan, asked: Asked): Fragment {
  const depth = narrows(search, asked) ? NARROWED_BITS * search.efSearch : search.efSearch
  const width = search.space.indexKind === 'hnsw-bit' ? Math.max(depth, search.k) : search.k
  const gate = sql`${searchable(search, ofUserAfterIndex(asked))} ${askedOfEach(search)} and ${many(search)}`
  return sql`
    near as materialized (
      select e.user_id, e.memory_id, ${exact(search, asked)} as distance, true as trusted
      from (${inIndexOrder(search, asked, width, gate)}) e
    )`
}

/** pgvector's greatest hnsw.ef_search. */
const WIDEST = 1000

/** At the end of what an index brings, some rows are missing: so much of it is as good as all there is. */
const TRUSTED = 2 / 3

/**
 * The nearest rows of all, and of those the ones that are wanted: when enough are, they are the nearest wanted ones. Else
 * the same once more, wider.
 *
 * An iterative scan that stops at the first k wanted rows gives whichever it meets first. Where the filter goes with the
 * meaning, as topics, projects and users do, that was recall@10 0.46 to 0.79.
 */
function nearByWidening(search: SearchPlan, asked: Asked): Fragment {
  const width = Math.max(search.efSearch, search.k)
  const wider = Math.max(WIDEST, 4 * search.k)
  const hits = (name: Fragment, of: number, from: Fragment) => sql`
    ${name} as materialized (
      select e.user_id, e.memory_id, ${exact(search, asked)} as distance, e.place <= ${integerLiteral(Math.ceil(TRUSTED * of))} as trusted
      from (select e.*, row_number() over () as place from (${from}) e) e
      where true ${ofUserAfterIndex(asked)} ${askedOfEach(search)}
    )`
  return sql`${hits(
    sql`nearest`,
    width,
    inIndexOrder(search, asked, width, sql`${searchable(search, nothing)} and ${many(search)}`),
  )},${hits(
    sql`nearest_wider`,
    wider,
    sql`
        select h.*
        from (
          select set_config('hnsw.ef_search', ${String(WIDEST)}, true) as ef
          where ${many(search)} and (select count(*) from nearest where trusted) < ${widenBelow(search)}
        ) widened
        cross join lateral (
          select e.*, widened.ef
          from (${inIndexOrder(search, asked, wider, searchable(search, nothing))}) e
          limit ${integerLiteral(wider)}
        ) h`,
  )},
    near as materialized (
      select *
      from (
        select * from nearest_wider
        union all
        select * from nearest where not exists (select from nearest_wider)
      ) n
      order by distance
      limit ${integerLiteral(search.k)}
    )`
}

/** Whether less is searched than all that the index has. */
const narrows = (search: SearchPlan, { user }: Asked): boolean =>
  user !== null || wanted(search) !== null || search.isConfined === true

function indexHits(search: SearchPlan, asked: Asked): Fragment {
  return narrows(search, asked) && search.space.indexKind !== 'hnsw-bit'
    ? nearByWidening(search, asked)
    : nearByScan(search, asked)
}

/**
 * Everything of everyone is counted only while the table may be small: the planner's own estimate is one look into the
 * catalogue, and counting 4,000 rows took longer than the search of 100,000 that followed.
 */
function unlessHuge(search: SearchPlan, count: Fragment, exactUpTo: number): Fragment {
  return sql`case
        when (select reltuples from pg_class where oid = ${of(search).vectorTable}::regclass) > ${integerLiteral(10 * exactUpTo)}
        then ${integerLiteral(exactUpTo + 1)}
        else ${count}
      end`
}

/** The rows that the probe counts, no further than one past `exactUpTo`. */
function upTo(exactUpTo: number, columns: Fragment, from: Fragment): Fragment {
  return sql`select ${columns} from ${from} limit ${integerLiteral(exactUpTo + 1)}`
}

/**
 * The k nearest, few candidates compared one by one and many through the index.
 *
 * The probe may count rows that are not searched, expired ones or such as have no vector: that costs a look into the
 * index, after which `everything` still sees to it that k rows come. In return a user's rows are counted in the
 * primary key alone, five times as fast as with their table, and those of a filter in `memories` alone.
 */
export function adaptiveHits(search: SearchPlan, asked: Asked, exactUpTo: number): Fragment {
  return search.filter === undefined && !search.isSelective
    ? unfiltered(search, asked, exactUpTo)
    : filtered(search, asked, exactUpTo)
}

const enough = ({ k, enough: few = k }: SearchPlan) => integerLiteral(Math.min(k, few))
const widenBelow = ({ k, enough: few = k, widenBelow = few }: SearchPlan) =>
  integerLiteral(Math.min(k, widenBelow))
const tooFewNear = (search: SearchPlan) => sql`(select count(*) from near where trusted) < ${enough(search)}`

function found(search: SearchPlan, exactUpTo: number): Fragment {
  return sql`
    select user_id, memory_id, distance ${search.explain ? exactAfterProbe(exactUpTo) : nothing}
    from everything
    union all
    select user_id, memory_id, distance ${search.explain ? indexAfterProbe() : nothing}
    from near
    where not exists (select from everything)`
}

function unfiltered(search: SearchPlan, asked: Asked, exactUpTo: number): Fragment {
  const cap = integerLiteral(exactUpTo)
  const rows = sql`${of(search).vectors} e where e.model_id = ${integerLiteral(search.space.id)} ${ofUser(asked)}`
  const count = sql`(select count(*) from (${upTo(exactUpTo, nothing, rows)}) counted)`
  const gate = sql`and ((select n from probe) <= ${cap} or ${tooFewNear(search)})`
  return sql`
    with probe as materialized (
      select ${asked.user === null ? unlessHuge(search, count, exactUpTo) : count} as n
    ),
    ${indexHits(search, asked)},
    everything as materialized (${exactHits(search, asked, gate)})
    ${found(search, exactUpTo)}`
}

/** So many rows of a sample say whether far more than the limit match. */
const SAMPLE = 400

/**
 * Whether a sample leaves no doubt (two standard deviations) that more rows match than the limit. To count those of a
 * half of 100,000 a GIN index reads all 50,000 first: 6 ms, where the sample takes 0.4. A table without statistics is
 * counted, and so is what has no table to take a sample of.
 *
 * A sample is of pages, and what is stored together stands together: 20 rows of one session on one page say as much as one
 * row. So the deviation is that of the pages' counts.
 */
function guess(search: SearchPlan, { user }: Asked, exactUpTo: number): Fragment {
  const { sampled } = of(search)
  if (sampled === undefined) return sql`guess as materialized (select false as is_many)`
  const condition = wanted(search) ?? sql`true`
  return sql`sampling as materialized (
      select case when reltuples > 0 then least(1, ${integerLiteral(SAMPLE)} / reltuples) else 0 end as share
      from pg_class
      where oid = ${sampled.name}::regclass
    ),
    guess as materialized (
      select
        coalesce(sum(n) - 2 * sqrt(sum(n * n)), 0) > ${integerLiteral(exactUpTo)} * (select share from sampling) as is_many
      from (
        select count(*)::float8 as n
        from ${sampled.table} m tablesample system ((select 100 * share from sampling)) repeatable (1)
        where m.deleted_at is null and ${condition} ${user === null ? nothing : sql`and m.user_id = ${user}`}
        group by split_part(m.ctid::text, ',', 1)
      ) page
    )`
}

/**
 * Few matching rows are kept by the probe, and compared by looking each up: left to join the two tables, the planner
 * read all vectors of a user with 50,000 memories to compare the 10 of one session.
 */
function filtered(search: SearchPlan, asked: Asked, exactUpTo: number): Fragment {
  const cap = integerLiteral(exactUpTo)
  const { user } = asked
  const rows = sql`
        ${of(search).rows} m
        where m.deleted_at is null and ${wanted(search) ?? sql`true`}
          ${user === null ? nothing : sql`and m.user_id = ${user}`}`
  const few = sql`
        kept
        join ${of(search).vectors} e on e.user_id = kept.user_id and e.memory_id = kept.id
        where ${searchable(search, nothing)} and (select n from probe) <= ${cap}`
  const gate = sql`and (select n from probe) > ${cap} and ${tooFewNear(search)}`
  return sql`
    with ${guess(search, asked, exactUpTo)},
    kept as materialized (${upTo(exactUpTo, sql`m.user_id, m.id`, sql`${rows} and not (select is_many from guess)`)}),
    probe as materialized (
      select case when (select is_many from guess) then ${integerLiteral(exactUpTo + 1)} else count(*) end as n
      from kept
    ),
    ${indexHits(search, asked)},
    everything as materialized (
      (${compared(search, asked, few)})
      union all
      (${exactHits(search, asked, gate)})
    )
    ${found(search, exactUpTo)}`
}
