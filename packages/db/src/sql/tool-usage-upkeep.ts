import { type Statement, sql, statement } from './statement.js'

/** Makes the weeks of these moments where missing. */
export function makePartitions(moments: readonly Date[]): Statement<{ made: number }> {
  return statement(
    sql`select tool_usage_make_partitions(${moments.map((at) => at.toISOString())}::timestamptz[]) as made`,
    { repeatable: true },
  )
}

/** Makes the running week and the four to come, where missing: any role that stores usages may. */
export const makeComingPartitions: Statement<{ made: number }> = statement(
  sql`select tool_usage_make_coming_weeks() as made`,
  { repeatable: true },
)

/** Makes the latest week that rows wait for in the default partition. One at a time: its rows are moved, and writers wait. */
export const makeMissingPartition: Statement<{ made: number }> = statement(sql`
  select tool_usage_make_partitions(array(
    select date_trunc('week', at at time zone 'UTC') at time zone 'UTC'
    from tool_usage_default
    where at between now() - interval '10 years' and now() + interval '1 year'
      and at >= coalesce((select raw_from from tool_usage_retention), '-infinity')
    order by at desc
    limit 1
  )) as made`)

/** Adds up to so many deltas into the rollups. */
export function foldDeltas(most: number): Statement<{ folded: number }> {
  return statement(sql`select tool_usage_fold(${most}::int4) as folded`, { repeatable: true })
}

/** Drops the oldest week that ended before the moment; null when there is none. */
export function dropWeek(moment: Date): Statement<{ dropped: string | null }> {
  return statement(sql`select tool_usage_drop_week(${moment}::timestamptz) as dropped`)
}

/** Drops what else goes with the rows of those weeks, and says from when on rows are all there. */
export function dropRest(moment: Date): Statement<{ rawFrom: Date }> {
  return statement(sql`select tool_usage_drop_rest(${moment}::timestamptz) as "rawFrom"`, {
    repeatable: true,
  })
}

/** What nobody has dealt with yet; more than was asked about is told as one more. */
export interface UsageBacklog {
  /** Changes that are not in the totals. */
  deltas: number
  /** Rows without a week that could have one. */
  strays: number
}

/** Whether this role may read what {@link selectUsageBacklog} reads. */
export const selectUsageRights: Statement<{ mayRead: boolean }> = statement(sql`
  select bool_and(coalesce(has_table_privilege(to_regclass(name), 'select'), false)) as "mayRead"
  from unnest(array['tool_usage_deltas', 'tool_usage_default', 'tool_usage_retention']) name`)

export function selectUsageBacklog(maxDeltas: number, maxStrays: number): Statement<UsageBacklog> {
  return statement(sql`
  select
    (select count(*) from (select from tool_usage_deltas limit ${maxDeltas + 1}::int4) d)::int4 as deltas,
    (
      select count(*)
      from (
        select from tool_usage_default
        where at between now() - interval '10 years' and now() + interval '1 year'
          and at >= coalesce((select raw_from from tool_usage_retention), '-infinity')
        limit ${maxStrays + 1}::int4
      ) s
    )::int4 as strays`)
}
