import { type Fragment, integerLiteral, join, nothing, type Statement, sql, statement } from './statement.js'

/** From which models memories are taken over, and to which. */
export interface Takeover {
  /** Memories that have a vector under one of these. */
  from: readonly number[]
  to: number
  /** Also those that have none under any. */
  all: boolean
}

export interface MemoryMark {
  userId: string
  id: string
}

/** What of a text's hash is kept beside a vector that was made of it. */
export function contentMark(hash: Fragment): Fragment {
  return sql`substring(${hash} for 8)`
}

/** Whether the vector `t` was made of the memory `m` as it is. */
const isCurrent = sql`(t.content_mark is null or t.content_mark = ${contentMark(sql`m.content_hash`)})`

/** Whether the memory `m` is to have a vector under the new model. */
function isWanted({ from, all }: Takeover): Fragment {
  return all
    ? sql`true`
    : sql`exists (
      select from memory_embeddings f
      where f.user_id = m.user_id and f.memory_id = m.id and f.model_id = any (${from}::int4[])
    )`
}

const vectorOf = (to: number) =>
  sql`t.user_id = m.user_id and t.memory_id = m.id and t.model_id = ${integerLiteral(to)}`

/** How many memories are to have a vector under the new model, and how many have it. */
export function countTakeover(takeover: Takeover): Statement<{ total: number; done: number }> {
  return statement(
    sql`
    select count(*)::float8 as total, count(t.model_id)::float8 as done
    from memories m
    left join memory_embeddings t on ${vectorOf(takeover.to)} and ${isCurrent}
    where ${isWanted(takeover)}`,
    { prepare: false },
  )
}

export interface WindowRow extends MemoryMark {
  wanted: boolean
  /** Has a vector of its present text. */
  done: boolean
  /** The vector says the same as the memory of whether and how long it counts. */
  inStep: boolean
}

/** The next `size` memories by key, whatever is to be done about them: so a page takes the same time whether or not most are done. */
export function selectWindow(
  takeover: Takeover,
  after: MemoryMark | null,
  size: number,
): Statement<WindowRow> {
  return statement(sql`
    select
      m.user_id as "userId", m.id, ${isWanted(takeover)} as wanted, t.model_id is not null and ${isCurrent} as done,
      t.model_id is null or (
        t.active = (m.deleted_at is null) and t.expires_at is not distinct from m.expires_at
      ) as "inStep"
    from (
      select user_id, id, content_hash, deleted_at, expires_at
      from memories
      ${after === null ? nothing : sql`where (user_id, id) > (${after.userId}, ${after.id}::uuid)`}
      order by user_id, id
      limit ${integerLiteral(size)}
    ) m
    left join memory_embeddings t on ${vectorOf(takeover.to)}
    order by m.user_id, m.id`)
}

/** A moment, as what `selectMissingSince` counts from: every transaction that is not visible yet comes after it. */
export const selectMoment = statement<{ moment: string }>(sql`
  select (pg_snapshot_xmin(pg_current_snapshot())::text::int8 & 4294967295)::text as moment`)

/**
 * Memories written since `moment` that still want a vector, or one that is in step. Looks at every memory, and at the
 * vectors of those written only: one by one, as the planner, which cannot know how few they are, would read all vectors.
 */
export function selectMissingSince(takeover: Takeover, moment: string): Statement<MemoryMark> {
  const wanted = takeover.all
    ? sql`true`
    : sql`(
      select true
      from memory_embeddings f
      where f.user_id = m.user_id and f.memory_id = m.id and f.model_id = any (${takeover.from}::int4[])
      limit 1
    )`
  return statement(
    sql`
    with written as materialized (
      select user_id, id, content_hash, deleted_at, expires_at
      from memories
      where age(xmin) <= age(${moment}::text::xid)
    )
    select m.user_id as "userId", m.id
    from written m
    left join lateral (
      select t.*
      from memory_embeddings t
      where ${vectorOf(takeover.to)}
      limit 1
    ) t on true
    where ${wanted} and (
      t.model_id is null or not ${isCurrent}
      or t.active <> (m.deleted_at is null) or t.expires_at is distinct from m.expires_at
    )
    order by m.user_id, m.id`,
    { prepare: false },
  )
}

/** How many memories want a vector under the new model and have none. */
export function countMissing(takeover: Takeover): Statement<{ missing: number }> {
  return statement(
    sql`
    select count(*)::float8 as missing
    from memories m
    where ${isWanted(takeover)} and m.deleted_at is null and not exists (
      select from memory_embeddings t where ${vectorOf(takeover.to)}
    )`,
    { prepare: false },
  )
}

export interface ContentRow extends MemoryMark {
  content: string
  hash: Buffer
}

/** The texts of these memories, those aside whose vector under `to` is of their present text. */
export function selectContents(keys: readonly MemoryMark[], to: number): Statement<ContentRow> {
  return statement(
    sql`
    select m.user_id as "userId", m.id, m.content, m.content_hash as hash
    from (values ${join(keys.map(({ userId, id }) => sql`(${userId}::text, ${id}::uuid)`))}) as key (user_id, id)
    join memories m on m.user_id = key.user_id and m.id = key.id
    where not exists (select from memory_embeddings t where ${vectorOf(to)} and ${isCurrent})`,
    { prepare: false },
  )
}

export interface MadeVector extends MemoryMark {
  /** Of the text that it was made of. */
  hash: Buffer
  embedding: Buffer
}

/**
 * Stores vectors made of texts read before, those of them whose text is still the same. A memory that somebody is
 * changing right now is left out, not waited for: it comes later, and nobody waits for each other in a circle.
 */
export function storeVectors(
  vectors: readonly MadeVector[],
  model: { id: number; dimensions: number },
): Statement<MemoryMark> {
  const rows = vectors.map(
    ({ userId, id, hash, embedding }) =>
      sql`(${userId}::text, ${id}::uuid, ${hash}::bytea, ${embedding}::vector)`,
  )
  return statement(
    sql`
    with made (user_id, id, content_hash, embedding) as (values ${join(rows)}),
    same as materialized (
      select m.user_id, m.id, m.deleted_at, m.expires_at, m.content_hash, made.embedding
      from made
      join memories m on m.user_id = made.user_id and m.id = made.id
      where m.content_hash = made.content_hash
      for share of m skip locked
    )
    insert into memory_embeddings as e (
      user_id, memory_id, model_id, dimensions, active, expires_at, embedding, content_mark
    )
    select
      user_id, id, ${integerLiteral(model.id)}, ${integerLiteral(model.dimensions)}, deleted_at is null, expires_at,
      embedding, ${contentMark(sql`content_hash`)}
    from same
    on conflict (user_id, memory_id, model_id) do update
    set
      embedding = excluded.embedding, content_mark = excluded.content_mark, active = excluded.active,
      expires_at = excluded.expires_at
    returning e.user_id as "userId", e.memory_id as id`,
    { prepare: false },
  )
}

/**
 * Brings vectors in step with their memories: whether they count, and how long. Answers with those that it could not do, as
 * somebody holds the memory.
 */
export function alignVectors(keys: readonly MemoryMark[], modelId: number): Statement<MemoryMark> {
  return statement(
    sql`
    with key (user_id, id) as (values ${join(keys.map(({ userId, id }) => sql`(${userId}::text, ${id}::uuid)`))}),
    same as materialized (
      select m.user_id, m.id, m.deleted_at, m.expires_at
      from key
      join memories m on m.user_id = key.user_id and m.id = key.id
      for share of m skip locked
    ),
    aligned as (
      update memory_embeddings e
      set active = (same.deleted_at is null), expires_at = same.expires_at
      from same
      where e.user_id = same.user_id and e.memory_id = same.id and e.model_id = ${integerLiteral(modelId)}
        and (e.active <> (same.deleted_at is null) or e.expires_at is distinct from same.expires_at)
    )
    select m.user_id as "userId", m.id
    from key
    join memories m on m.user_id = key.user_id and m.id = key.id
    join memory_embeddings t on ${vectorOf(modelId)}
    where (t.active <> (m.deleted_at is null) or t.expires_at is distinct from m.expires_at)
      and not exists (select from same where same.user_id = m.user_id and same.id = m.id)`,
    { prepare: false },
  )
}

/** Removes the next `size` of a model's vectors by key, and says how many they were and where they ended. */
export function deleteVectors(
  modelId: number,
  after: MemoryMark | null,
  size: number,
): Statement<MemoryMark & { removed: number }> {
  return statement(sql`
    with page as materialized (
      select user_id, memory_id
      from memory_embeddings
      where model_id = ${integerLiteral(modelId)}
        ${after === null ? nothing : sql`and (user_id, memory_id) > (${after.userId}, ${after.id}::uuid)`}
      order by user_id, memory_id
      limit ${integerLiteral(size)}
    ),
    gone as (
      delete from memory_embeddings e
      using page
      where e.user_id = page.user_id and e.memory_id = page.memory_id and e.model_id = ${integerLiteral(modelId)}
    )
    select user_id as "userId", memory_id as id, (select count(*) from page)::float8 as removed
    from page
    order by user_id desc, memory_id desc
    limit 1`)
}

export function countVectors(modelId: number): Statement<{ vectors: number }> {
  return statement(sql`
    select
      (select count(*) from memory_embeddings where model_id = ${integerLiteral(modelId)})::float8
      + (select count(*) from tool_embeddings where model_id = ${integerLiteral(modelId)})::float8 as vectors`)
}

/** Which of these models have vectors at all. */
export function selectWithVectors(ids: readonly number[]): Statement<{ id: number }> {
  return statement(sql`
    select m.id
    from embedding_models m
    where m.id = any (${ids}::int4[]) and (
      exists (select from memory_embeddings e where e.model_id = m.id)
      or exists (select from tool_embeddings t where t.model_id = m.id)
    )
    order by m.id`)
}

/** For what follows in the transaction: a statement may take its time, but waits for locks only so long. */
export function limitLockWait(ms: number): Statement<never> {
  return statement(sql`
    select set_config('statement_timeout', '0', true), set_config('lock_timeout', ${String(ms)}, true)`)
}
