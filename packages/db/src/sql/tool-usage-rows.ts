import { type Fragment, join, nothing, type Statement, sql, statement } from './statement.js'
import {
  boundTable,
  bucketOf,
  groupedBucket,
  groupedBy,
  type MeasureRow,
  mostFrequent,
} from './tool-usage-measures.js'
import { meant } from './tool-usage-sight.js'

/** Whose usages are meant; null where it does not matter. */
export interface UsageFilter {
  toolId: number | null
  /** Of that tool. */
  version?: number | null
  userId: string | null
  sessionId: string | null
}

/** The conditions on a usage `u` beside its time. */
function usageConditions({ toolId, version = null, userId, sessionId }: UsageFilter): Fragment {
  const conditions = [
    ...(toolId === null ? [] : [sql`and u.tool_id = ${toolId}::int4`]),
    ...(version === null ? [] : [sql`and u.tool_version = ${version}::int4`]),
    ...(userId === null ? [] : [sql`and u.user_id = ${userId}::text`]),
    ...(sessionId === null ? [] : [sql`and u.session_id = ${sessionId}::text`]),
  ]
  return conditions.length === 0 ? nothing : join(conditions, ' ')
}

/** Of one user all rows have the same name, and sessions, which are unique to their user, are told apart by their own. */
function hashes({ userId }: UsageFilter): Fragment {
  return userId === null
    ? sql`hashtextextended(u.user_id, 0) as user_hash,
          hashtextextended(coalesce(u.user_id, '') || ' ' || u.session_id, 0) as session_hash`
    : sql`0::int8 as user_hash, hashtextextended(u.session_id, 0) as session_hash`
}

/**
 * Measures usages by reading their rows. Percentiles are those of the nearest rank. Names are counted by a 64-bit hash, as
 * sorting texts by the rules of a language takes several times as long.
 */
export function measureRows(
  filter: UsageFilter,
  {
    since,
    until,
    bounds,
    ofAllUsers,
  }: { since: Date; until: Date; bounds: readonly Date[] | null; ofAllUsers: boolean },
): Statement<MeasureRow> {
  return statement(sql`
    with ${boundTable(bounds)},
    used as materialized (
      select u.*
      from ${meant(ofAllUsers)} as meant
      cross join lateral (
        select
          ${bucketOf(sql`u.at`, bounds)} as bucket, u.success, u.duration_ms, coalesce(u.error, 'unknown') as error,
          u.input_tokens, u.output_tokens, u.at,
          ${hashes(filter)}
        from tool_usage u
        where meant.scope is not null and u.at >= ${since}::timestamptz and u.at < ${until}::timestamptz
          ${usageConditions(filter)}
      ) as u
    ),
    measured as (
      select
        ${groupedBucket(bounds)} as bucket, count(*)::float8 as calls,
        (count(*) filter (where not success))::float8 as failures, count(duration_ms)::float8 as timed,
        coalesce(sum(duration_ms), 0)::float8 as duration_sum,
        percentile_disc(array[0.5, 0.95, 0.99]) within group (order by duration_ms) as percentiles,
        coalesce(sum(input_tokens), 0)::float8 as input_tokens, coalesce(sum(output_tokens), 0)::float8 as output_tokens,
        max(at) as last_at
      from used
      group by ${groupedBy(bounds)}
    ),
    -- First each name once a bucket, by hashing: to count different ones PostgreSQL sorts.
    name as materialized (
      select bucket, user_hash, session_hash from used group by 1, 2, 3
    ),
    named as (
      select
        ${groupedBucket(bounds)} as bucket, count(distinct user_hash)::float8 as users,
        count(distinct session_hash)::float8 as sessions
      from name
      group by ${groupedBy(bounds)}
    ),
    failed as (${mostFrequent(sql`
        select ${groupedBucket(bounds)} as bucket, error as class, count(*) as n
        from used
        where not success
        group by ${groupedBy(bounds, sql`error`)}`)}
    )
    select
      m.bucket::int4 as bucket, m.calls, m.failures, m.timed, m.duration_sum as "durationSum", m.percentiles,
      m.input_tokens as "inputTokens", m.output_tokens as "outputTokens", m.last_at as "lastAt", n.users, n.sessions,
      f.errors
    from measured m
    left join named n on n.bucket = m.bucket
    left join failed f on f.bucket = m.bucket
    order by m.bucket`)
}
