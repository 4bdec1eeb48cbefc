import type { BinaryRows } from './binary-rows.js'
import type { NewMemory } from './memory-insert.js'
import { storableModel } from './models.js'
import { type Statement, sql, statement } from './statement.js'

/** A table's part of a binary COPY: the statement, and how a memory becomes a row of it. */
export interface CopyTarget {
  readonly text: string
  write(to: BinaryRows, memory: NewMemory): void
}

/** @param languages the object identifiers of text search configurations, by name: binary COPY takes no names */
export function memoriesTarget(languages: ReadonlyMap<string, number>, now: Date): CopyTarget {
  return {
    text: `
      copy memories (
        user_id, id, session_id, content, content_hash, source, importance, metadata, language, idempotency_key,
        created_at, updated_at, expires_at
      ) from stdin with (format binary)`,
    write(to, memory) {
      const createdAt = memory.createdAt ?? now
      to.row(13)
      to.text(memory.userId)
      to.uuid(memory.id)
      to.text(memory.sessionId)
      to.text(memory.content)
      to.bytes(memory.contentHash)
      to.text(memory.source)
      to.float8(memory.importance)
      to.jsonb(memory.metadata)
      to.int4(languages.get(memory.language) as number)
      to.text(memory.idempotencyKey)
      to.timestamp(createdAt)
      to.timestamp(createdAt)
      to.timestamp(memory.expiresAt)
    },
  }
}

/** Vectors of memories that have one. */
export function embeddingsTarget(model: { id: number; dimensions: number }): CopyTarget {
  return {
    text: `
      copy memory_embeddings (user_id, memory_id, model_id, dimensions, expires_at, embedding)
      from stdin with (format binary)`,
    write(to, memory) {
      to.row(6)
      to.text(memory.userId)
      to.uuid(memory.id)
      to.int4(model.id)
      to.int4(model.dimensions)
      to.timestamp(memory.expiresAt)
      to.bytes(memory.embedding)
    },
  }
}

/** The object identifiers of text search configurations. */
export function selectLanguages(names: readonly string[]): Statement<{ name: string; oid: number }> {
  return statement(sql`
    select name, name::regconfig::oid::int4 as oid from unnest(${[...names]}::text[]) name`)
}

/** Makes the users that are missing, and makes sure that vectors of the model may be stored. */
export function prepareCopy(userIds: readonly string[], model: { id: number }): Statement<never> {
  return statement(sql`
    with ${storableModel(model)}
    insert into users (id)
    select id from unnest(${[...userIds]}::text[]) id cross join storable_model
    order by id
    on conflict (id) do nothing`)
}
