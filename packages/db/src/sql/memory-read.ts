import type { MemoryFilter } from '../memories/filter.js'
import { snapshot } from './memory-change.js'
import { isLive, type MemoryRow, memoryColumns } from './memory-columns.js'
import { filterCondition } from './memory-filter.js'
import { nothing, type Statement, sql, statement } from './statement.js'

export function selectMemory(userId: string, id: string, includeDeleted: boolean): Statement<MemoryRow> {
  return statement(sql`
    select ${memoryColumns}
    from memories m
    where m.user_id = ${userId} and m.id = ${id}::uuid
      ${includeDeleted ? nothing : sql`and ${isLive}`}`)
}

/** A memory's vector under a model, in pgvector's text form. */
export function selectEmbedding(
  userId: string,
  id: string,
  modelId: number,
): Statement<{ embedding: string }> {
  return statement(sql`
    select e.embedding::text as embedding
    from memory_embeddings e
    where e.user_id = ${userId} and e.memory_id = ${id}::uuid and e.model_id = ${modelId}::int4 and e.active
      and (e.expires_at is null or e.expires_at > now())`)
}

export interface MemoryListing {
  userId: string
  filter: MemoryFilter | undefined
  includeDeleted: boolean
  limit: number
  before: { createdAt: Date; id: string } | null
}

/** Newest first, in pages by key, which no insert in between can shift. */
export function selectMemories(listing: MemoryListing): Statement<MemoryRow> {
  const { userId, filter, includeDeleted, limit, before } = listing
  return statement(sql`
    select ${memoryColumns}
    from memories m
    where m.user_id = ${userId}
      ${filter === undefined ? nothing : sql`and ${filterCondition(filter)}`}
      ${includeDeleted ? nothing : sql`and ${isLive}`}
      ${before === null ? nothing : sql`and (m.created_at, m.id) < (${before.createdAt}::timestamptz, ${before.id}::uuid)`}
    order by m.created_at desc, m.id desc
    limit ${limit}::int4`)
}

/** How many live memories one user has, or all users together. */
export function countMemories(userId: string | null): Statement<{ count: number }> {
  return statement(sql`
    select count(*)::float8 as count
    from memories m
    where ${isLive} ${userId === null ? nothing : sql`and m.user_id = ${userId}`}`)
}

export interface HistoryRow {
  version: number
  operation: 'update' | 'delete' | 'restore'
  /** What the memory was, every field of it. */
  previous: Record<string, unknown>
  /** The fields of `previous` that the change replaced; `embedding` when nothing but the vector was. */
  changed: string[]
  actor: string | null
  at: Date
}

/**
 * Oldest first: what the memory was before each change. What a change replaced shows by comparison with what came after it.
 * Times are compared as such: they are written in the time zone of whoever wrote them.
 */
export function selectHistory(userId: string, id: string): Statement<HistoryRow> {
  return statement(sql`
    select version, operation, previous, case when changed = '{}' then '{embedding}' else changed end as changed, actor, at
    from (
      select
        h.*,
        array(
          select field
          from jsonb_object_keys(previous) field
          where case
            when field in ('expiresAt', 'deletedAt')
            then (previous ->> field)::timestamptz is distinct from (next ->> field)::timestamptz
            else previous -> field is distinct from next -> field
          end
          order by field
        ) as changed
      from (
        select
          version, operation, previous, actor, at,
          lead(previous, 1, (
            select ${snapshot}
            from memories
            where user_id = ${userId} and id = ${id}::uuid
          )) over (order by version) as next
        from memory_history
        where user_id = ${userId} and memory_id = ${id}::uuid
      ) h
    ) h
    order by version`)
}
