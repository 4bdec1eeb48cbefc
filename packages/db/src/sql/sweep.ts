import { type Fragment, integerLiteral, type Statement, sql, statement } from './statement.js'

/** Why a memory is due to be removed. */
export type DueFor = 'expired' | 'deleted'

/** The time since which it is due, each with a partial index of its own. */
const COLUMNS: Readonly<Record<DueFor, Fragment>> = {
  expired: sql`expires_at`,
  deleted: sql`deleted_at`,
}

/**
 * Removes up to `size` memories that have been due for `forMs` or longer, the longest first, and with them their vectors,
 * history and counters. Memories that another sweep has taken, or somebody is changing, are passed over: any number of
 * sweeps share the work without waiting for each other.
 */
export function removeDue(due: DueFor, size: number, forMs: number): Statement<{ removed: number }> {
  const since = COLUMNS[due]
  return statement(sql`
    with due as materialized (
      select user_id, id
      from memories
      where ${since} <= now() - ${forMs}::float8 * interval '1 millisecond'
      order by ${since}
      limit ${integerLiteral(size)}
      for update skip locked
    ),
    gone as (
      delete from memories m
      using due
      where m.user_id = due.user_id and m.id = due.id
      returning 1
    )
    select count(*)::int4 as removed
    from gone`)
}
