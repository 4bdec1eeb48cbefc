import { type Fragment, nothing, type Statement, sql, statement } from './statement.js'
import { type SightRow, sightColumns } from './tool-usage-sight.js'

/** What usages are counted by. */
export type BucketUnit = 'hour' | 'day' | 'week'

/** What has to be known before usages are counted. */
export interface PlanRow extends SightRow {
  /** Null when no tool has the name, or none had the version. */
  toolId: number | null
  hasZone: true
  /** From when on the rows are all there; null when none were ever dropped. */
  rawFrom: Date | null
  /** About how many calls there are, by cells that reach into the range; 0 where that was not asked. */
  calls: number
  /**
   * Where buckets begin, in order, and where the last one ends, in milliseconds since 1970 with commas: an array of hundreds of
   * dates took the client ten milliseconds to read. Null without a unit.
   */
  bounds: string | null
}

export interface PlanOf {
  tool: string | null
  /** Of that tool. */
  version: number | null
  since: Date
  until: Date
  unit: BucketUnit | null
  timeZone: string
  /** Of the cells that are counted, in minutes; null counts none, for a role that may not read them. */
  grain: 60 | 1440 | null
}

/** Days and weeks are steps of the local calendar. */
const STEPS: Record<'day' | 'week', Fragment> = { day: sql`interval '1 day'`, week: sql`interval '7 days'` }
const UNITS: Record<'day' | 'week', Fragment> = { day: sql`'day'`, week: sql`'week'` }

/**
 * Midnights of the calendar. Where the clock is put back over midnight there are two, and the day begins with the first; where it
 * is put forward over midnight there is none, and PostgreSQL then gives the moment of the change, which is when the day begins.
 */
function midnights({ since, until, timeZone }: PlanOf, unit: 'day' | 'week'): Fragment {
  const step = STEPS[unit]
  return sql`
      select distinct first.at
      from generate_series(
        date_trunc(${UNITS[unit]}, ${since}::timestamptz at time zone ${timeZone}::text) - ${step},
        (${until}::timestamptz at time zone ${timeZone}::text) + ${step},
        ${step}
      ) as midnight
      cross join lateral (
        select min(c.at) as at
        from (values
          (midnight at time zone ${timeZone}::text),
          ((midnight at time zone ${timeZone}::text) - interval '30 minutes'),
          ((midnight at time zone ${timeZone}::text) - interval '1 hour'),
          ((midnight at time zone ${timeZone}::text) - interval '2 hours')
        ) as c (at)
        where c.at at time zone ${timeZone}::text >= midnight
      ) as first`
}

/**
 * Full hours of the local clock, and moments at which it is changed: an hour that comes twice is two. Looked for every quarter of
 * an hour, of which all offsets since 1972 are multiples.
 */
function fullHours({ since, until, timeZone }: PlanOf): Fragment {
  return sql`
      select q.at
      from (
        select
          at, at at time zone ${timeZone}::text as local, (at - interval '15 minutes') at time zone ${timeZone}::text as before
        from generate_series(
          date_bin('15 minutes', ${since}::timestamptz, timestamptz '2000-01-01 00:00:00+00') - interval '2 hours',
          ${until}::timestamptz + interval '2 hours',
          interval '15 minutes'
        ) as at
      ) as q
      where date_trunc('hour', q.local) <> date_trunc('hour', q.before) or q.local - q.before <> interval '15 minutes'`
}

function bounds(of: PlanOf): Fragment {
  const { unit } = of
  if (unit === null) return sql`null::text`
  return sql`(
      select string_agg((date_part('epoch', b.at) * 1000)::int8::text, ',' order by b.at)
        filter (where (b.next is null or b.next > ${of.since}::timestamptz) and (b.last is null or b.last < ${of.until}::timestamptz))
      from (
        select m.at, lag(m.at) over (order by m.at) as last, lead(m.at) over (order by m.at) as next
        from (${unit === 'hour' ? fullHours(of) : midnights(of, unit)}
        ) as m
      ) as b
    )`
}

function calls({ tool, version, since, until, grain }: PlanOf): Fragment {
  if (grain === null) return sql`0::float8`
  const ofVersion = (row: Fragment) =>
    version === null ? nothing : sql`and ${row}.tool_version = ${version}::int4`
  return sql`(
        coalesce((
          select sum(r.calls)
          from tool_usage_rollups r
          where r.tool_id = tool.id and r.grain = ${grain}::int2 ${ofVersion(sql`r`)}
            and r.start > ${since}::timestamptz - make_interval(mins => ${grain}::int4) and r.start < ${until}::timestamptz
        ), 0) + coalesce((
          select sum(d.calls)
          from tool_usage_deltas d
          where d.start > ${since}::timestamptz - interval '15 minutes' and d.start < ${until}::timestamptz
            ${tool === null ? nothing : sql`and d.tool_id = tool.id`} ${ofVersion(sql`d`)}
        ), 0)
      )::float8`
}

/** Everything that {@link PlanRow} holds, in one round trip and from cells alone. */
export function selectUsagePlan(of: PlanOf): Statement<PlanRow> {
  const { tool, version, timeZone } = of
  // Versions count from 1, and none is left out.
  const had = version === null ? nothing : sql`and version >= ${version}::int4`
  return statement(sql`
    with tool as materialized (
      select ${tool === null ? sql`0` : sql`(select id from tools where name = ${tool}::text ${had})`} as id
    )
    select
      tool.id as "toolId",
      -- Refused where the database does not know it, also when no bucket asks for it.
      now() at time zone ${timeZone}::text is not null as "hasZone",
      (select raw_from from tool_usage_retention) as "rawFrom",
      ${calls(of)} as calls,
      ${sightColumns},
      ${bounds(of)} as bounds
    from tool`)
}

/** From when on the rows are all there. */
export const selectRawFrom: Statement<Pick<PlanRow, 'rawFrom'>> = statement(sql`
    select raw_from as "rawFrom" from tool_usage_retention`)
