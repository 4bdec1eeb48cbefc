import { type Fragment, nothing, type Statement, sql, statement } from './statement.js'
import { type Span, spanTable } from './tool-usage-cells.js'
import { boundTable, bucketOf, type ErrorCount } from './tool-usage-measures.js'
import { meant } from './tool-usage-sight.js'
import { toolUsageSummary } from './tool-usage-summary.js'

/** Which tools are looked at: those that were removed never are. */
const isThere = (enabled: boolean | null) =>
  enabled === null ? sql`t.removed_at is null` : sql`t.removed_at is null and t.enabled = ${enabled}::boolean`

interface Ranked {
  readonly spans: readonly Span[]
  readonly bounds: readonly Date[] | null
  readonly ofAllUsers: boolean
  readonly enabled: boolean | null
  readonly limit: number
}

/** Calls and failures of every tool that is looked at, in parts that are still to be added up. */
function parts({ bounds, ofAllUsers, enabled }: Ranked): Fragment {
  return sql`
      select t.id as tool_id, ${bucketOf(sql`r.start`, bounds)} as bucket, r.calls, r.failures, r.error_classes, r.error_counts
      from tools t
      cross join span s
      cross join lateral (
        select * from tool_usage_rollups r
        where r.tool_id = t.id and r.grain = s.grain and r.start >= s.lo and r.start < s.hi
        offset 0
      ) as r
      where s.grain > 0 and ${isThere(enabled)}
      union all
      select d.tool_id, ${bucketOf(sql`d.start`, bounds)}, d.calls, d.failures, d.error_classes, d.error_counts
      from tool_usage_deltas d
      where exists (select from span s where s.grain > 0 and d.start >= s.lo and d.start < s.hi)
      union all
      select
        u.tool_id, u.bucket, count(*), count(*) filter (where not u.success),
        array_agg(coalesce(u.error, 'unknown')) filter (where not u.success),
        array_agg(1::bigint) filter (where not u.success)
      from ${meant(ofAllUsers)} as meant
      cross join lateral (select * from span where meant.scope is not null and grain = 0 offset 0) as s
      cross join lateral (
        select u.tool_id, u.success, u.error, ${bucketOf(sql`u.at`, bounds)} as bucket
        from tool_usage u
        where u.at >= s.lo and u.at < s.hi
        offset 0
      ) as u
      group by 1, 2`
}

function withParts(of: Ranked): Fragment {
  return sql`
    with ${boundTable(of.bounds)},
    span as materialized (${spanTable(of.spans)}
    ),
    part as materialized (${parts(of)}
    )`
}

export interface TrendRow {
  tool: string
  calls: number
  previousCalls: number
  growth: number
}

/**
 * Tools by how much more they are called in the second bucket than in the first: (calls + s) / (previous calls + s). The addend s
 * keeps two calls after none from being endless growth.
 */
export function selectTrending(
  of: Ranked,
  { smoothing, minCalls }: { smoothing: number; minCalls: number },
): Statement<TrendRow> {
  return statement(sql`
    ${withParts(of)}
    select
      t.name as tool, w.calls::float8 as calls, w.previous::float8 as "previousCalls",
      ((w.calls + ${smoothing}::float8) / (w.previous + ${smoothing}::float8))::float8 as growth
    from (
      select
        tool_id, coalesce(sum(calls) filter (where bucket = 2), 0) as calls,
        coalesce(sum(calls) filter (where bucket = 1), 0) as previous
      from part
      group by tool_id
    ) as w
    join tools t on t.id = w.tool_id
    where w.calls >= ${minCalls}::int4 and w.calls > w.previous and ${isThere(of.enabled)}
    order by growth desc, w.calls desc, t.name
    limit ${of.limit}::int4`)
}

export interface FailingRow {
  tool: string
  calls: number
  failures: number
  errorRate: number
  errorRateAtLeast: number
  errors: ErrorCount[]
}

/** The share of a standard normal distribution between -z and z is 95 %. */
const Z = 1.959963984540054

/**
 * The least error rate that the calls leave likely (Wilson's score interval, JASA 22, 1927, lower bound, 95 %): few calls say
 * little, so one failure of two does not stand above a hundred of three hundred.
 */
const wilson = sql`
        (
          (failures / calls + ${Z}::float8 ^ 2 / (2 * calls)) - ${Z}::float8 * sqrt(
            failures / calls * (1 - failures / calls) / calls + ${Z}::float8 ^ 2 / (4 * calls ^ 2)
          )
        ) / (1 + ${Z}::float8 ^ 2 / calls)`

/** Tools by the least error rate that their calls leave likely. */
export function selectFailing(
  of: Ranked,
  { minCalls, minErrorRate }: { minCalls: number; minErrorRate: number },
): Statement<FailingRow> {
  return statement(sql`
    ${withParts(of)},
    judged as materialized (
      select t.id, t.name, w.calls, w.failures, w.at_least
      from (
        select tool_id, calls, failures, greatest(${wilson}, 0) as at_least
        from (
          select tool_id, sum(calls)::float8 as calls, sum(failures)::float8 as failures from part group by tool_id
        ) as total
        where calls >= ${minCalls}::int4 and failures > 0
      ) as w
      join tools t on t.id = w.tool_id
      where w.at_least >= ${minErrorRate}::float8 and ${isThere(of.enabled)}
      order by w.at_least desc, w.failures desc, t.name
      limit ${of.limit}::int4
    )
    select
      j.name as tool, j.calls, j.failures, j.failures / j.calls as "errorRate", j.at_least as "errorRateAtLeast",
      e.errors
    from judged j
    left join lateral (
      select json_agg(json_build_object('class', class, 'calls', n::float8) order by n desc, class) as errors
      from (
        select u.class, sum(u.n) as n
        from part p, unnest(p.error_classes, p.error_counts) as u (class, n)
        where p.tool_id = j.id
        group by u.class
        having sum(u.n) > 0
        order by n desc, u.class
        limit 5
      ) as c
    ) as e on true
    order by j.at_least desc, j.failures desc, j.name`)
}

export interface UnusedRow {
  tool: string
  enabled: boolean
  registeredAt: Date
  lastUsedAt: Date | null
}

/** Tools that were not called since a moment, or, without one, never. Those never called come first, then the longest unused. */
export function selectUnused(
  since: Date | null,
  { enabled, limit }: { enabled: boolean | null; limit: number },
): Statement<UnusedRow> {
  return statement(sql`
    select t.name as tool, t.enabled, t.created_at as "registeredAt", s.last_used_at as "lastUsedAt"
    from tools t
    cross join lateral (${toolUsageSummary(sql`t.id`, sql`now()`)}
    ) as s
    where ${isThere(enabled)}
      and (s.last_used_at is null ${since === null ? nothing : sql`or s.last_used_at < ${since}::timestamptz`})
    order by s.last_used_at nulls first, t.name
    limit ${limit}::int4`)
}
