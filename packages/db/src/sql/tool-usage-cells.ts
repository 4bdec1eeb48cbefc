import { type Fragment, nothing, type Statement, sql, statement } from './statement.js'
import {
  boundTable,
  bucketOf,
  groupedBucket,
  groupedBy,
  type MeasureRow,
  mostFrequent,
} from './tool-usage-measures.js'
import { meant } from './tool-usage-sight.js'

/** A part of a range, and what answers for it: cells of so many minutes, or, for 0, the rows themselves. */
export interface Span {
  readonly grain: 0 | 15 | 60 | 360 | 1440
  readonly from: Date
  readonly to: Date
}

/** The spans as a table (grain, lo, hi). */
export function spanTable(spans: readonly Span[]): Fragment {
  return sql`
      select s.*
      from unnest(
        ${spans.map(({ grain }) => grain)}::int2[], ${spans.map(({ from }) => from.toISOString())}::timestamptz[],
        ${spans.map(({ to }) => to.toISOString())}::timestamptz[]
      ) as s (grain, lo, hi)`
}

/** Everything that a cell measures, of the rows `of`. */
const measures = (of: Fragment) => sql`
        ${of}.calls, ${of}.failures, ${of}.timed, ${of}.duration_sum, ${of}.input_tokens, ${of}.output_tokens, ${of}.last_at,
        ${of}.duration_keys, ${of}.duration_counts, ${of}.error_classes, ${of}.error_counts, ${of}.users, ${of}.sessions`

/** What is asked of cells, and of rows where none fits. */
interface CellsOf {
  /** Of the tool; all of them where it does not matter. */
  readonly version?: number | null
  readonly spans: readonly Span[]
  readonly bounds: readonly Date[] | null
  readonly ofAllUsers: boolean
}

/**
 * The cells of a tool, or of all tools together, that the spans ask for, and what rows at their edges come to. Each span is looked
 * up by itself (`offset 0`): as a join, the planner takes a range between two columns for a third of the table and reads all of it.
 */
function cells(toolId: number | null, { version = null, bounds, ofAllUsers }: CellsOf): Fragment {
  const ofVersion = (row: Fragment): Fragment =>
    version === null ? nothing : sql`and ${row}.tool_version = ${version}::int4`
  const ofTool = (row: Fragment): Fragment =>
    toolId === null ? nothing : sql`and ${row}.tool_id = ${toolId}::int4 ${ofVersion(row)}`
  return sql`
      select ${bucketOf(sql`r.start`, bounds)} as bucket, ${measures(sql`r`)}
      from span s
      cross join lateral (
        select * from tool_usage_rollups r
        where r.tool_id = ${toolId ?? 0}::int4 and r.grain = s.grain and r.start >= s.lo and r.start < s.hi
          ${ofVersion(sql`r`)}
        offset 0
      ) as r
      where s.grain > 0
      union all
      select ${bucketOf(sql`d.start`, bounds)}, ${measures(sql`d`)}
      from tool_usage_deltas d
      where exists (select from span s where s.grain > 0 and d.start >= s.lo and d.start < s.hi)
        ${ofTool(sql`d`)}
      union all
      select
        u.bucket, count(*), count(*) filter (where not u.success), count(u.duration_ms), coalesce(sum(u.duration_ms), 0),
        coalesce(sum(u.input_tokens), 0), coalesce(sum(u.output_tokens), 0), max(u.at),
        array_agg(tool_usage_duration_key(u.duration_ms)) filter (where u.duration_ms is not null),
        array_agg(1::bigint) filter (where u.duration_ms is not null),
        array_agg(coalesce(u.error, 'unknown')) filter (where not u.success),
        array_agg(1::bigint) filter (where not u.success),
        bit_or(tool_usage_bits(u.user_id)), bit_or(tool_usage_bits(coalesce(u.user_id, '') || ' ' || u.session_id))
      from ${meant(ofAllUsers)} as meant
      cross join lateral (select * from span where meant.scope is not null and grain = 0 offset 0) as s
      cross join lateral (
        select u.*, ${bucketOf(sql`u.at`, bounds)} as bucket
        from tool_usage u
        where u.at >= s.lo and u.at < s.hi ${ofTool(sql`u`)}
        offset 0
      ) as u
      group by u.bucket`
}

/** As {@link MeasureRow}, with the histogram of durations in place of percentiles, and that only for each bucket. */
export interface CellMeasureRow extends Omit<MeasureRow, 'percentiles'> {
  /** The cells' keys one after the other, a key perhaps many times, and how many calls each stands for; both with commas. */
  durationKeys: string | null
  durationCounts: string | null
}

/**
 * Measures usages by adding up cells: counts are exact, and how many users and sessions there were is estimated (see
 * `tool_usage_distinct`). Histograms are put side by side and added up by who asked: of 280,000 entries that took the server
 * two thirds of the statement, grouping and sorting them.
 */
export function measureCells(toolId: number | null, of: CellsOf): Statement<CellMeasureRow> {
  const { spans, bounds } = of
  const bucket = groupedBucket(bounds)
  return statement(
    sql`
    with ${boundTable(bounds)},
    span as materialized (${spanTable(spans)}
    ),
    cell as materialized (${cells(toolId, of)}
    ),
    -- Unpacking bits is most of the work, so the whole is made of buckets, and not of cells once more.
    part as materialized (
      select
        bucket, sum(calls::float8) as calls, sum(failures::float8) as failures, sum(timed::float8) as timed,
        sum(duration_sum) as duration_sum, sum(input_tokens::float8) as input_tokens,
        sum(output_tokens::float8) as output_tokens, max(last_at) filter (where calls > 0) as last_at,
        bit_or(users) as users, bit_or(sessions) as sessions
      from cell
      group by bucket
    ),
    measured as (
      select
        0 as bucket, coalesce(sum(calls), 0) as calls, coalesce(sum(failures), 0) as failures, coalesce(sum(timed), 0) as timed,
        coalesce(sum(duration_sum), 0) as duration_sum, coalesce(sum(input_tokens), 0) as input_tokens,
        coalesce(sum(output_tokens), 0) as output_tokens, max(last_at) as last_at, bit_or(users) as users,
        bit_or(sessions) as sessions
      from part
      ${bounds === null ? nothing : sql`union all select * from part`}
    ),
    histogram as (
      select
        ${bounds === null ? sql`0` : sql`bucket`} as bucket, string_agg(array_to_string(duration_keys, ','), ',') as keys,
        string_agg(array_to_string(duration_counts, ','), ',') as counts
      from cell
      where cardinality(duration_keys) > 0
      group by 1
    ),
    failed as (${mostFrequent(sql`
        select ${bucket} as bucket, u.class, sum(u.n) as n
        from cell, unnest(error_classes, error_counts) as u (class, n)
        group by ${groupedBy(bounds, sql`u.class`)}
        having sum(u.n) > 0`)}
    )
    select
      m.bucket::int4 as bucket, m.calls, m.failures, m.timed, m.duration_sum as "durationSum",
      h.keys as "durationKeys", h.counts as "durationCounts",
      m.input_tokens as "inputTokens", m.output_tokens as "outputTokens", m.last_at as "lastAt",
      tool_usage_distinct(m.users)::float8 as users, tool_usage_distinct(m.sessions)::float8 as sessions,
      f.errors
    from measured m
    left join histogram h on h.bucket = m.bucket
    left join failed f on f.bucket = m.bucket
    order by m.bucket`,
    // It calls functions of this schema, and changes nothing by that.
    { repeatable: true },
  )
}
