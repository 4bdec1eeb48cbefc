import { type Statement, sql, statement } from './statement.js'

/** Names of one order everywhere, each once, with how often it was named. */
function counted(memories: readonly { userId: string; id: string }[]) {
  const times = new Map<string, { userId: string; id: string; times: number }>()
  for (const { userId, id } of memories) {
    const key = `${id.toLowerCase()} ${userId}`
    const known = times.get(key)
    if (known) known.times += 1
    else times.set(key, { userId, id: id.toLowerCase(), times: 1 })
  }
  return [...times].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/**
 * Counts one access of each memory named, now; one named twice counts twice, and one that is not there not at all. Rows are
 * locked in one order, so that two calls never wait for each other.
 */
export function touchMemories(
  memories: readonly { userId: string; id: string }[],
): Statement<{ touched: number }> {
  const named = counted(memories)
  return statement(sql`
    with touched as (
      insert into memory_access as a (user_id, memory_id, access_count, last_accessed_at)
      select user_id, id, times, now()
      from unnest(
        ${named.map(({ userId }) => userId)}::text[], ${named.map(({ id }) => id)}::uuid[],
        ${named.map(({ times }) => times)}::int4[]
      ) with ordinality as named (user_id, id, times, place)
      where exists (select from memories m where m.user_id = named.user_id and m.id = named.id)
      order by place
      on conflict (user_id, memory_id) do update
      set access_count = a.access_count + excluded.access_count, last_accessed_at = excluded.last_accessed_at
      returning 1
    )
    select count(*)::int4 as touched from touched`)
}
