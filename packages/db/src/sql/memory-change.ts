import type { VectorSpace } from './distance.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { type Fragment, integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

interface Target {
  userId: string
  id: string
  actor: string | null
}

/**
 * Locks the memory and writes down what it was. The lock comes first, so the version read here is the one that
 * the update replaces, however many writers there are.
 */
function remember(target: Target, operation: string, where: Fragment): Fragment {
  return sql`
    old as (
      select *
      from memories
      where user_id = ${target.userId} and id = ${target.id}::uuid and ${where}
      for update
    ),
    past as (
      insert into memory_history (user_id, memory_id, version, operation, previous, actor)
      select
        user_id, id, version, ${operation}::text,
        jsonb_build_object(
          'content', content, 'source', source, 'importance', importance, 'metadata', metadata,
          'sessionId', session_id, 'expiresAt', expires_at, 'deletedAt', deleted_at
        ),
        ${target.actor}::text
      from old
    )`
}

/** What to change; `undefined` leaves a column as it is. */
export interface MemoryChange extends Target {
  content: { text: string; hash: Buffer } | undefined
  sessionId: string | null | undefined
  source: string | undefined
  importance: number | undefined
  metadata: string | undefined
  expiresAt: Date | null | undefined
  embedding: Buffer | null | undefined
}

/** Changes a live memory, its vector with it, and keeps what it was: one statement, all or nothing. */
export function updateMemory(change: MemoryChange, space: VectorSpace): Statement<MemoryRow> {
  const assignments: Fragment[] = [sql`version = m.version + 1`, sql`updated_at = now()`]
  if (change.content) {
    assignments.push(
      sql`content = ${change.content.text}::text`,
      sql`content_hash = ${change.content.hash}::bytea`,
    )
  }
  if (change.sessionId !== undefined) assignments.push(sql`session_id = ${change.sessionId}::text`)
  if (change.source !== undefined) assignments.push(sql`source = ${change.source}::memory_source`)
  if (change.importance !== undefined) assignments.push(sql`importance = ${change.importance}::float8`)
  if (change.metadata !== undefined) assignments.push(sql`metadata = ${change.metadata}::jsonb`)
  if (change.expiresAt !== undefined) assignments.push(sql`expires_at = ${change.expiresAt}::timestamptz`)
  return statement(sql`
    with ${remember(change, 'update', sql`deleted_at is null and (expires_at is null or expires_at > now())`)},
    m as (
      update memories m
      set ${join(assignments)}
      from old
      where m.user_id = ${change.userId} and m.id = old.id
      returning m.*
    )
    ${vectorChange(change, space)}
    select ${memoryColumns}
    from m`)
}

function vectorChange(change: MemoryChange, space: VectorSpace): Fragment {
  const model = integerLiteral(space.id)
  // A vector of the old text under another model would answer for words that are gone.
  const stale = change.content
    ? sql`,
    stale as (
      delete from memory_embeddings e
      using old
      where e.user_id = ${change.userId} and e.memory_id = old.id and e.model_id <> ${model}
    )`
    : nothing
  if (change.embedding === null) {
    return sql`${stale},
    vectors as (
      delete from memory_embeddings e
      using old
      where e.user_id = ${change.userId} and e.memory_id = old.id and e.model_id = ${model}
    )`
  }
  if (change.embedding !== undefined) {
    return sql`${stale},
    vectors as (
      insert into memory_embeddings (user_id, memory_id, model_id, dimensions, expires_at, embedding)
      select m.user_id, m.id, ${model}, ${integerLiteral(space.dimensions)}, m.expires_at, ${change.embedding}::vector
      from m
      on conflict (user_id, memory_id, model_id) do update
      set embedding = excluded.embedding, expires_at = excluded.expires_at
    )`
  }
  if (change.expiresAt === undefined) return stale
  return sql`${stale},
    vectors as (
      update memory_embeddings e
      set expires_at = m.expires_at
      from m
      where e.user_id = ${change.userId} and e.memory_id = m.id
    )`
}

/** Deletes softly or restores. The vectors leave the index at once, and come back with a restore. */
export function setDeleted(target: Target, deleted: boolean): Statement<MemoryRow> {
  const was = deleted ? sql`deleted_at is null` : sql`deleted_at is not null`
  return statement(sql`
    with ${remember(target, deleted ? 'delete' : 'restore', was)},
    m as (
      update memories m
      set version = m.version + 1, updated_at = now(), deleted_at = ${deleted ? sql`now()` : sql`null`}
      from old
      where m.user_id = ${target.userId} and m.id = old.id
      returning m.*
    ),
    vectors as (
      update memory_embeddings e
      set active = ${deleted ? sql`false` : sql`true`}
      from old
      where e.user_id = ${target.userId} and e.memory_id = old.id
    )
    select ${memoryColumns}
    from m`)
}
