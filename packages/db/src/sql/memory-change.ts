import type { VectorSpace } from './distance.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { storableModel } from './models.js'
import { contentMark } from './reembed.js'
import { type Fragment, integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

/** Which memory, and who changes it. */
export interface Target {
  userId: string
  id: string
  actor: string | null
}

/** What the history keeps of a row of `memories`. */
export const snapshot: Fragment = sql`jsonb_build_object(
          'content', content, 'source', source, 'importance', importance, 'metadata', metadata,
          'sessionId', session_id, 'expiresAt', expires_at, 'deletedAt', deleted_at
        )`

/** A common table expression, `past`, that writes down what the memories `of` a change were, and who changed them. */
export function remembered(operation: string, actor: string | null, of: Fragment): Fragment {
  return sql`
    past as (
      insert into memory_history (user_id, memory_id, version, operation, previous, actor)
      select user_id, id, version, ${operation}::text, ${snapshot}, ${actor}::text
      from ${of}
    )`
}

/**
 * Locks the memory and, where it `differs` from what is asked, writes down what it was. The lock comes first, so the
 * version read here is the one that the update replaces, however many writers there are.
 */
export function remember(target: Target, operation: string, where: Fragment, differs: Fragment): Fragment {
  return sql`
    target as (
      select *
      from memories
      where user_id = ${target.userId} and id = ${target.id}::uuid and ${where}
      for update
    ),
    old as (
      select *
      from target
      where ${differs}
    ),
    ${remembered(operation, target.actor, sql`old`)}`
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
  /** Whether the caller gave the vector; else the embedder made it for the new text. */
  isVectorGiven: boolean
  /** Set where an earlier version is restored, deleted or expired though the memory may be: the version that this was decided on. */
  restoredOver?: number
}

/** Each column that a change names, with its new value. */
function columnChanges(change: MemoryChange): { column: Fragment; value: Fragment }[] {
  const changes: { column: Fragment; value: Fragment }[] = []
  if (change.content) {
    changes.push(
      { column: sql`content`, value: sql`${change.content.text}::text` },
      { column: sql`content_hash`, value: sql`${change.content.hash}::bytea` },
    )
  }
  if (change.sessionId !== undefined)
    changes.push({ column: sql`session_id`, value: sql`${change.sessionId}::text` })
  if (change.source !== undefined)
    changes.push({ column: sql`source`, value: sql`${change.source}::memory_source` })
  if (change.importance !== undefined)
    changes.push({ column: sql`importance`, value: sql`${change.importance}::float8` })
  if (change.metadata !== undefined)
    changes.push({ column: sql`metadata`, value: sql`${change.metadata}::jsonb` })
  if (change.expiresAt !== undefined)
    changes.push({ column: sql`expires_at`, value: sql`${change.expiresAt}::timestamptz` })
  return changes
}

/** Whether the vector that was given is another than the one stored, or one of them is none. */
function vectorDiffers({ embedding, userId }: MemoryChange, space: VectorSpace): Fragment {
  return sql`(
    select e.embedding
    from memory_embeddings e
    where e.user_id = ${userId} and e.memory_id = target.id and e.model_id = ${integerLiteral(space.id)}
  ) is distinct from ${embedding ?? null}::vector`
}

/**
 * Changes a live memory, its vector with it, and keeps what it was: one statement, all or nothing. One that is as
 * asked already comes back as it is.
 */
export function updateMemory(change: MemoryChange, space: VectorSpace): Statement<MemoryRow> {
  const { restoredOver } = change
  const restores = restoredOver !== undefined
  const changes = columnChanges(change)
  const differences = changes.map(({ column, value }) => sql`target.${column} is distinct from ${value}`)
  // The vector of an unchanged text says nothing new when it was the embedder that made it again.
  if (change.embedding !== undefined && change.isVectorGiven) differences.push(vectorDiffers(change, space))
  if (restores) differences.push(sql`target.deleted_at is not null`)
  const assignments = [
    sql`version = m.version + 1`,
    sql`updated_at = now()`,
    ...changes.map(({ column, value }) => sql`${column} = ${value}`),
  ]
  if (change.content) {
    assignments.push(
      sql`dedup_key = case when old.content_hash = ${change.content.hash}::bytea then m.dedup_key end`,
    )
  }
  if (restores) assignments.push(sql`deleted_at = null`)
  const changeable = restores
    ? sql`version = ${restoredOver}::int4`
    : sql`deleted_at is null and (expires_at is null or expires_at > now())`
  const differs = differences.length === 0 ? sql`false` : join(differences, ' or ')
  // What touches no vector is as right under any model.
  const isStored = change.content !== undefined || change.embedding !== undefined
  const where = isStored ? sql`${changeable} and exists (select from storable_model)` : changeable
  return statement(sql`
    with ${isStored ? sql`${storableModel(space)},` : nothing}
    ${remember(change, restores ? 'restore' : 'update', where, differs)},
    m as (
      update memories m
      set ${join(assignments)}
      from old
      where m.user_id = ${change.userId} and m.id = old.id
      returning m.*
    )
    ${vectorChange(change, space)}
    select ${memoryColumns}
    from m
    union all
    select ${memoryColumns}
    from target m
    where not exists (select 1 from old)`)
}

/** The vectors of a memory that was deleted count again when a version of it is restored. */
const activeAgain = ({ restoredOver }: MemoryChange) =>
  restoredOver === undefined ? nothing : sql`, active = true`

/** What becomes of the vectors under other models, where the one under this model is given. */
function otherVectors(change: MemoryChange, model: Fragment): Fragment {
  const { userId, content, expiresAt } = change
  const isOther = sql`e.user_id = ${userId} and e.memory_id = old.id and e.model_id <> ${model}`
  // A vector of the old text under another model would answer for words that are gone.
  const stale = content
    ? sql`,
    stale as (
      delete from memory_embeddings e
      using old
      where ${isOther} and old.content_hash <> ${content.hash}::bytea
    )`
    : nothing
  if (expiresAt === undefined) return stale
  return sql`${stale},
    terms as (
      update memory_embeddings e
      set expires_at = ${expiresAt}::timestamptz ${activeAgain(change)}
      from old
      where ${isOther} ${content ? sql`and old.content_hash = ${content.hash}::bytea` : nothing}
    )`
}

function vectorChange(change: MemoryChange, space: VectorSpace): Fragment {
  const model = integerLiteral(space.id)
  const others = otherVectors(change, model)
  if (change.embedding === null) {
    return sql`${others},
    vectors as (
      delete from memory_embeddings e
      using old
      where e.user_id = ${change.userId} and e.memory_id = old.id and e.model_id = ${model}
    )`
  }
  if (change.embedding !== undefined) {
    return sql`${others},
    vectors as (
      insert into memory_embeddings (user_id, memory_id, model_id, dimensions, expires_at, embedding, content_mark)
      select
        m.user_id, m.id, ${model}, ${integerLiteral(space.dimensions)}, m.expires_at, ${change.embedding}::vector,
        ${contentMark(sql`m.content_hash`)}
      from m
      on conflict (user_id, memory_id, model_id) do update
      set
        embedding = excluded.embedding, expires_at = excluded.expires_at, content_mark = excluded.content_mark,
        active = excluded.active
    )`
  }
  if (change.expiresAt === undefined) return nothing
  return sql`,
    vectors as (
      update memory_embeddings e
      set expires_at = m.expires_at ${activeAgain(change)}
      from m
      where e.user_id = ${change.userId} and e.memory_id = m.id
    )`
}

/** Deletes softly. The vectors leave the index at once. */
export function deleteMemory(target: Target): Statement<MemoryRow> {
  return statement(sql`
    with ${remember(target, 'delete', sql`deleted_at is null`, sql`true`)},
    m as (
      update memories m
      set version = m.version + 1, updated_at = now(), deleted_at = now(), dedup_key = null
      from old
      where m.user_id = ${target.userId} and m.id = old.id
      returning m.*
    ),
    vectors as (
      update memory_embeddings e
      set active = false
      from old
      where e.user_id = ${target.userId} and e.memory_id = old.id
    )
    select ${memoryColumns}
    from m`)
}
