import { type Statement, sql, statement } from './statement.js'

/** Counts one access of each memory named, now; one named twice counts twice, and one that is not there not at all. */
export function touchMemories(
  memories: readonly { userId: string; id: string }[],
): Statement<{ touched: number }> {
  return statement(sql`
    with named as (
      select user_id, id, count(*)::int4 as times
      from unnest(
        ${memories.map(({ userId }) => userId)}::text[], ${memories.map(({ id }) => id)}::uuid[]
      ) as named (user_id, id)
      group by user_id, id
    ),
    touched as (
      insert into memory_access as a (user_id, memory_id, access_count, last_accessed_at)
      select user_id, id, times, now()
      from named
      where exists (select from memories m where m.user_id = named.user_id and m.id = named.id)
      order by user_id, id
      on conflict (user_id, memory_id) do update
      set access_count = a.access_count + excluded.access_count, last_accessed_at = excluded.last_accessed_at
      returning 1
    )
    select count(*)::int4 as touched from touched`)
}
