import type { VectorSpace } from './distance.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { storableModel } from './models.js'
import { integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

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
 * Takes the key of a text from a memory that has expired, which happens without anybody's doing, and keeps out what
 * is there already. The count makes the insert wait for the taking.
 */
const freed = sql`
    freed as (
      update memories m
      set dedup_key = null
      from input
      where m.user_id = input.user_id and m.dedup_key = input.content_hash
        and (m.deleted_at is not null or m.expires_at <= now())
      returning m.id
    ),`

/** What comes expired stands in nobody's way, not even in that of its like in the same batch. */
const keyOfLiving = sql`, case when expires_at <= now() then null else content_hash end as dedup_key`
const notThere = sql`
      where (select count(*) from freed) >= 0 and not exists (
        select 1
        from memories m
        where m.user_id = input.user_id and m.content_hash = input.content_hash
          and m.deleted_at is null and (m.expires_at is null or m.expires_at > now())
      )`

/**
 * Stores memories and their vectors, and makes their users where missing: one statement, one round trip,
 * all or nothing. Rows whose (user, idempotency key) is taken are left out, and do not come back.
 *
 * With `distinct`, so are those whose text their user has already, and those whose id is taken.
 */
export function insertMemories(
  rows: readonly NewMemory[],
  space: VectorSpace,
  { distinct = false } = {},
): Statement<MemoryRow> {
  // Two batches that share keys or users must wait for each other in the same order, or both wait for ever.
  const inOrder = rows.length > 1 && (distinct || rows.some((row) => row.idempotencyKey !== null))
  return statement(
    sql`
    with ${storableModel(space)},
    input (
      user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
      created_at, expires_at, embedding
    ) as (
      select v.* from (values ${join(rows.map(values))}) v cross join storable_model
    ),
    known_user as (
      insert into users (id)
      select distinct user_id from input ${rows.length > 1 ? sql`order by user_id` : nothing}
      on conflict (id) do nothing
    ),${distinct ? freed : nothing}
    m as (
      insert into memories (
        user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
        created_at, updated_at, expires_at${distinct ? sql`, dedup_key` : nothing}
      )
      select
        user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
        created_at, created_at, expires_at${distinct ? keyOfLiving : nothing}
      from input
      ${distinct ? notThere : nothing}
      ${inOrder ? sql`order by user_id, content_hash, idempotency_key, id` : nothing}
      on conflict ${distinct ? nothing : sql`(user_id, idempotency_key)`} do nothing
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
