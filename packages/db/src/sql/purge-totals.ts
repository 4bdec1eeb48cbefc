import { type Statement, sql, statement } from './statement.js'

/** Where a user and its sessions are marked in the bit sets of totals, as texts of bits. */
export interface UserMarks {
  users: string
  /** Null when no session is known. */
  sessions: string | null
}

/** The marks of a user, and of all its sessions that some row still names. */
export function selectUserMarks(userId: string): Statement<UserMarks> {
  return statement(
    sql`
    select
      tool_usage_bits(${userId}::text)::text as users,
      (
        select bit_or(tool_usage_bits(${userId}::text || ' ' || s.id))::text
        from (
          select id from sessions where user_id = ${userId}
          union
          select session_id from tool_usage where user_id = ${userId} and session_id is not null
        ) s
      ) as sessions`,
    { repeatable: true },
  )
}

/** Waits until nobody else adds up totals or drops rows, and keeps others from it until the transaction ends. */
export const lockTotals = statement<never>(
  sql`select pg_advisory_xact_lock(72707371)::text as totals, pg_advisory_xact_lock_shared(72707372)::text as rows`,
)

/** The tools that may have totals of rows that were dropped, and 0 for all together; none while every row is there. */
export const selectKeptTools = statement<{ toolId: number }>(sql`
  select t.id as "toolId"
  from (select 0 as id union all select id from tools) t
  where exists (select from tool_usage_retention where raw_from is not null)
  order by t.id`)

/**
 * Takes the marks out of the totals of a tool whose rows were dropped: of whom they were cannot be counted anew. Who shares a
 * bit of 8,192 with the user is no longer counted there either.
 */
export function unmarkTotals(toolId: number, { users, sessions }: UserMarks): Statement<{ cells: number }> {
  return statement(
    sql`
    with mark as materialized (
      select ${users}::text::varbit as users, coalesce(${sessions}::text::varbit, 0::bit(16384)::varbit) as sessions
    ),
    changed as (
      update tool_usage_rollups r
      set users = r.users & ~mark.users, sessions = r.sessions & ~mark.sessions
      from mark
      where r.tool_id = ${toolId}::int4 and r.start < (select raw_from from tool_usage_retention)
        and (bit_count(r.users & mark.users) > 0 or bit_count(r.sessions & mark.sessions) > 0)
      returning 1
    )
    select count(*)::float8 as cells
    from changed`,
    { repeatable: true },
  )
}

/** Notes that the user was purged at this moment: what is queued for it anywhere is not stored any more. */
export function notePurged(userId: string): Statement<never> {
  return statement(sql`
    insert into purged_users (user_hash, purged_at)
    values (sha256(convert_to(${userId}::text, 'UTF8')), clock_timestamp())
    on conflict (user_hash) do update set purged_at = excluded.purged_at`)
}

/** For a look at tables of unknown size: no statement of the transaction is ended for taking long. */
export const unlimitTransaction = statement<never>(sql`
  select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`)
