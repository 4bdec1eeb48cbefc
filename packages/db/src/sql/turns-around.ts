import { isLive, type MemoryRow, memoryColumns } from './memory-columns.js'
import { type Fragment, integerLiteral, type Statement, sql, statement } from './statement.js'

export type TurnRow = MemoryRow & { hitUserId: string; hitId: string; position: 'before' | 'after' }

/** The live turns before and after each of the keys, in the same session, oldest first. */
export function selectTurnsAround(
  keys: readonly { userId: string; id: string }[],
  before: number,
  after: number,
): Statement<TurnRow> {
  const side = (
    position: 'before' | 'after',
    comparison: Fragment,
    direction: Fragment,
    limit: number,
  ) => sql`
    select hit.user_id as "hitUserId", hit.id as "hitId", ${position}::text as position, ${memoryColumns}
    from hit
    cross join lateral (
      select *
      from memories n
      where n.user_id = hit.user_id and n.session_id = hit.session_id
        and (n.created_at, n.id) ${comparison} (hit.created_at, hit.id)
        and n.deleted_at is null and (n.expires_at is null or n.expires_at > now())
      order by n.created_at ${direction}, n.id ${direction}
      limit ${integerLiteral(limit)}
    ) m`
  return statement(sql`
    with hit as materialized (
      select m.user_id, m.id, m.session_id, m.created_at
      from memories m
      join unnest(${keys.map((key) => key.userId)}::text[], ${keys.map((key) => key.id)}::uuid[]) as k (user_id, id)
        on k.user_id = m.user_id and k.id = m.id
      where ${isLive}
    )
    select *
    from (
      ${side('before', sql`<`, sql`desc`, before)}
      union all
      ${side('after', sql`>`, sql`asc`, after)}
    ) turns
    order by "hitUserId", "hitId", "createdAt", id`)
}
