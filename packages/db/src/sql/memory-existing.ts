import { isLive, type MemoryRow, memoryColumns } from './memory-columns.js'
import type { NewMemory } from './memory-insert.js'
import { join, nothing, type Statement, sql, statement } from './statement.js'

/** By what a memory that is there already stands in the way of a new one. */
export type Likeness = 'idempotencyKey' | 'content' | 'id'

export interface ExistingRow extends MemoryRow {
  /** Which of the new memories it answers, from 0. */
  place: number
  likeness: Likeness
  /** Whether its first text was that of the new memory; a later change of it is not the caller's mistake. */
  sameText: boolean
}

const firstTextHash = sql`coalesce(
  (
    select sha256(convert_to(h.previous ->> 'content', 'UTF8'))
    from memory_history h
    where h.user_id = m.user_id and h.memory_id = m.id
    order by h.version
    limit 1
  ),
  m.content_hash
)`

const columns = sql`m.*, ${firstTextHash} = w.content_hash as same_text`

/**
 * For each of `rows`, the memory that took its idempotency key; else, with `distinct`, the oldest live one of the
 * same text; else the one of its id. Rows that nothing stands in the way of do not come back.
 */
export function selectExisting(
  rows: readonly NewMemory[],
  { distinct }: { distinct: boolean },
): Statement<ExistingRow> {
  const wanted = rows.map(
    ({ userId, id, contentHash, idempotencyKey }, place) =>
      sql`(${place}::int4, ${userId}::text, ${id}::uuid, ${contentHash}::bytea, ${idempotencyKey}::text)`,
  )
  const byContent = sql`
      union all
      (
        select 2 as rank, 'content' as likeness, m.*, true
        from memories m
        where m.user_id = w.user_id and m.content_hash = w.content_hash and ${isLive}
        order by m.created_at, m.id
        limit 1
      )`
  return statement(
    sql`
    with wanted (place, user_id, id, content_hash, idempotency_key) as (values ${join(wanted)})
    select distinct on (w.place) w.place, m.likeness, m.same_text as "sameText", ${memoryColumns}
    from wanted w
    cross join lateral (
      select 1 as rank, 'idempotencyKey' as likeness, ${columns}
      from memories m
      where m.user_id = w.user_id and m.idempotency_key = w.idempotency_key
      ${distinct ? byContent : nothing}
      union all
      select 3 as rank, 'id' as likeness, ${columns}
      from memories m
      where m.user_id = w.user_id and m.id = w.id
    ) m
    order by w.place, m.rank`,
    { prepare: rows.length === 1 },
  )
}
