import { remember, snapshot, type Target } from './memory-change.js'
import { type MemoryRow, memoryColumns } from './memory-columns.js'
import { type Statement, sql, statement } from './statement.js'

export interface RestoredRow extends MemoryRow {
  /** False when the time of the memory is past, so that it would be back and not be found: then nothing was done. */
  restored: boolean
}

/**
 * Brings a deleted or expired memory back, its vectors with it, and lets it expire at `expiresAt`; undefined leaves its time
 * as it was.
 */
export function restoreMemory(target: Target, expiresAt: Date | null | undefined): Statement<RestoredRow> {
  const gone = sql`(deleted_at is not null or expires_at <= now())`
  const until = expiresAt === undefined ? sql`expires_at` : sql`${expiresAt}::timestamptz`
  return statement(sql`
    with ${remember(target, 'restore', gone, sql`(${until} is null or ${until} > now())`)},
    m as (
      update memories m
      set
        version = m.version + 1, updated_at = now(), deleted_at = null, dedup_key = null,
        expires_at = ${expiresAt === undefined ? sql`m.expires_at` : until}
      from old
      where m.user_id = ${target.userId} and m.id = old.id
      returning m.*
    ),
    vectors as (
      update memory_embeddings e
      set active = true, expires_at = m.expires_at
      from m
      where e.user_id = ${target.userId} and e.memory_id = m.id
    )
    select ${memoryColumns}, true as restored
    from m
    union all
    select ${memoryColumns}, false
    from target m
    where not exists (select from old)`)
}

/** What a memory was at a version, and what a decision to bring that back rests on. */
export interface VersionRow {
  /** The memory's version now. */
  version: number
  /** SHA-256 of its text now. */
  contentHash: Buffer
  /** Null when there was no such version. */
  content: string | null
  source: string
  importance: number
  /** JSON text. */
  metadata: string
  sessionId: string | null
  expiresAt: Date | null
  now: Date
}

/** A version as the history has it, or as the memory is, when it is that one. */
export function selectVersion(userId: string, id: string, version: number): Statement<VersionRow> {
  return statement(sql`
    select
      m.version, m.content_hash as "contentHash", v.state ->> 'content' as content, v.state ->> 'source' as source,
      (v.state ->> 'importance')::float8 as importance, (v.state -> 'metadata')::text as metadata,
      v.state ->> 'sessionId' as "sessionId", (v.state ->> 'expiresAt')::timestamptz as "expiresAt", now() as now
    from memories m
    left join (
      select previous as state
      from memory_history
      where user_id = ${userId} and memory_id = ${id}::uuid and version = ${version}::int4
      union all
      select ${snapshot}
      from memories
      where user_id = ${userId} and id = ${id}::uuid and version = ${version}::int4
    ) v on true
    where m.user_id = ${userId} and m.id = ${id}::uuid`)
}
