import { candidates, of, ofUser, searchable, wanted } from './candidate-rows.js'
import { exactDistance } from './distance.js'
import { exactAfterProbe, indexAfterProbe } from './explain.js'
import { indexHits } from './index-hits.js'
import type { Asked, SearchPlan } from './memory-search.js'
import { type Fragment, integerLiteral, nothing, sql } from './statement.js'

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
  const condition = wanted(search) ?? sql`m.deleted_at is null`
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
        where ${condition} ${user === null ? nothing : sql`and m.user_id = ${user}`}
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
        where ${wanted(search) ?? sql`m.deleted_at is null`}
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
