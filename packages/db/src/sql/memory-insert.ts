import type { VectorSpace } from './distance.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { integerLiteral, join, type Statement, sql, statement } from './statement.js'

/** One memory, checked and ready for the wire. */
export interface NewMemory {
  userId: string
  id: string
  sessionId: string | null
  content: string
  contentHash: Buffer
  source: string
  importance: number
  /** JSON text. */
  metadata: string
  language: string
  idempotencyKey: string | null
  createdAt: Date | null
  expiresAt: Date | null
  /** pgvector's binary form; null keeps none. */
  embedding: Buffer | null
}

function values(row: NewMemory) {
  return sql`(
    ${row.userId}::text, ${row.id}::uuid, ${row.sessionId}::text, ${row.content}::text, ${row.contentHash}::bytea,
    ${row.source}::memory_source, ${row.importance}::float8, ${row.metadata}::jsonb, ${row.language}::text::regconfig,
    ${row.idempotencyKey}::text,
    coalesce(${row.createdAt}::timestamptz, now()), ${row.expiresAt}::timestamptz, ${row.embedding}::vector
  )`
}

/**
 * Stores memories and their vectors, and makes their users where missing: one statement, one round trip,
 * all or nothing. Rows whose (user, idempotency key) is taken are left out, and do not come back.
 */
export function insertMemories(rows: readonly NewMemory[], space: VectorSpace): Statement<MemoryRow> {
  return statement(
    sql`
    with input (
      user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
      created_at, expires_at, embedding
    ) as (
      values ${join(rows.map(values))}
    ),
    known_user as (
      insert into users (id)
      select distinct user_id from input
      on conflict (id) do nothing
    ),
    m as (
      insert into memories (
        user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
        created_at, updated_at, expires_at
      )
      select
        user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
        created_at, created_at, expires_at
      from input
      on conflict (user_id, idempotency_key) do nothing
      returning *
    ),
    vectors as (
      insert into memory_embeddings (user_id, memory_id, model_id, dimensions, expires_at, embedding)
      select input.user_id, input.id, ${integerLiteral(space.id)}, vector_dims(input.embedding), input.expires_at, input.embedding
      from input
      join m on m.user_id = input.user_id and m.id = input.id
      where input.embedding is not null
    )
    select ${memoryColumns}
    from m`,
    // One text a batch size, and long ones: only the single insert is worth a plan that is kept.
    { prepare: rows.length === 1 },
  )
}

/** The memory that took an idempotency key. */
export function selectByIdempotencyKey(userId: string, key: string): Statement<MemoryRow> {
  return statement(sql`
    select ${memoryColumns}
    from memories m
    where m.user_id = ${userId} and m.idempotency_key = ${key}`)
}
