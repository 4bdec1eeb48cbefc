import type { Memory } from '../memories/types.js'
import { type Fragment, sql } from './statement.js'

/** A row of `memories` as it leaves the database: the public shape itself. */
export type MemoryRow = Memory

/** The columns of a {@link Memory}, of the table or alias `m`. */
export const memoryColumns: Fragment = sql`
  m.id, m.user_id as "userId", m.session_id as "sessionId", m.content, m.source::text as source,
  m.importance, m.metadata, m.version, m.created_at as "createdAt", m.updated_at as "updatedAt",
  m.expires_at as "expiresAt", m.deleted_at as "deletedAt"`

/** Whether the memory `m` is still to be found: neither deleted nor past its time. */
export const isLive: Fragment = sql`m.deleted_at is null and (m.expires_at is null or m.expires_at > now())`
