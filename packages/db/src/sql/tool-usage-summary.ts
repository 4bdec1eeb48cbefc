import { type Fragment, sql } from './statement.js'

/**
 * How often a tool was called since about a moment, how often that failed, and in which hour it was last called at all: a row
 * (calls, failures, last_used_at), to be joined by `cross join lateral (...)`. From views of the totals that every role may read
 * which finds tools; the day of the moment counts whole.
 *
 * @param toolId the column that names the tool
 */
export function toolUsageRank(toolId: Fragment, since: Fragment): Fragment {
  return sql`
      select coalesce(days.calls, 0) as calls, coalesce(days.failures, 0) as failures, last.last_hour as last_used_at
      from (
        select sum(d.calls) as calls, sum(d.failures) as failures
        from tool_usage_days d
        where d.tool_id = ${toolId} and d.day > ${since} - interval '24 hours'
      ) as days
      left join lateral (select l.last_hour from tool_usage_last l where l.tool_id = ${toolId}) as last on true`
}

/**
 * The same to the millisecond, for who may read the totals themselves. From the days of the rollups and the deltas, so a look at
 * some hundred tools takes a few milliseconds however many usages there are.
 *
 * @param toolId the column that names the tool
 */
export function toolUsageSummary(toolId: Fragment, since: Fragment): Fragment {
  return sql`
      select
        coalesce(days.calls, 0) + coalesce(fresh.calls, 0) as calls,
        coalesce(days.failures, 0) + coalesce(fresh.failures, 0) as failures,
        greatest(last.last_at, fresh.last_at) as last_used_at
      from (
        select sum(r.calls) as calls, sum(r.failures) as failures
        from tool_usage_rollups r
        where r.tool_id = ${toolId} and r.grain = 1440 and r.start > ${since} - interval '24 hours'
      ) as days
      cross join (
        select
          sum(d.calls) filter (where d.start > ${since} - interval '24 hours') as calls,
          sum(d.failures) filter (where d.start > ${since} - interval '24 hours') as failures,
          max(d.last_at) filter (where d.calls > 0) as last_at
        from tool_usage_deltas d
        where d.tool_id = ${toolId}
      ) as fresh
      left join lateral (
        select r.last_at
        from tool_usage_rollups r
        where r.tool_id = ${toolId} and r.grain = 1440
        order by r.start desc, r.last_at desc
        limit 1
      ) as last on true`
}
