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

/** Makes the weeks of rows that wait in the default partition, up to 50 of them. */
export const makeMissingPartitions: Statement<{ made: number }> = statement(sql`
  select tool_usage_make_partitions(array(
    select distinct date_trunc('week', at at time zone 'UTC') at time zone 'UTC' as week
    from tool_usage_default
    where at between now() - interval '10 years' and now() + interval '1 year'
      and at >= coalesce((select raw_from from tool_usage_retention), '-infinity')
    order by week desc
    limit 50
  )) as made`)

/** Adds up to so many deltas into the rollups. */
export function foldDeltas(most: number): Statement<{ folded: number }> {
  return statement(sql`select tool_usage_fold(${most}::int4) as folded`, { repeatable: true })
}

/** Drops the rows of weeks that ended before the moment. */
export function dropBefore(moment: Date): Statement<{ dropped: string[]; rawFrom: Date }> {
  return statement(sql`
    with gone as materialized (select tool_usage_drop_before(${moment}::timestamptz) as dropped)
    select
      dropped,
      -- Rows may have been dropped up to a later moment before.
      greatest(
        date_trunc('week', least(${moment}::timestamptz, now()) at time zone 'UTC') at time zone 'UTC',
        (select raw_from from tool_usage_retention)
      ) as "rawFrom"
    from gone`)
}
