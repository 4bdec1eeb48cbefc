import { v7 as uuidv7 } from 'uuid'
import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import { readCursor, writeCursor } from '../cursor.js'
import type { Executor } from '../engine/executor.js'
import { violatedConstraint } from '../errors/database-error.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import { checked, date, idText, jsonObject } from '../input.js'
import { endSession, insertSession, type SessionRow, selectSession, selectSessions } from '../sql/sessions.js'

/** What groups memories of one user: a conversation, a run, a document. */
export type Session = Readonly<SessionRow>

/** Which session: its id is unique for its user only. */
export interface SessionKey {
  userId: string
  id: string
}

/** A session to start. */
export interface StartSession extends CallOptions {
  /** Made if missing; 1 to 512 characters. */
  userId: string
  /** A name of your own, unique for the user; a version 7 UUID unless given. */
  id?: string
  /** Up to 10,000 characters. */
  title?: string
  /** Any JSON object. */
  metadata?: Record<string, unknown>
  /** Now unless given. */
  startedAt?: Date
}

/** The sessions of users. Memories refer to them by `sessionId`. */
export interface Sessions {
  /**
   * Starts a session, and makes its user if missing.
   *
   * @throws `INPUT.INVALID`, `SESSION.EXISTS`
   */
  start(session: StartSession): Promise<Session>
  /**
   * The session, or null.
   *
   * @throws `INPUT.INVALID`
   */
  get(key: SessionKey & CallOptions): Promise<Session | null>
  /**
   * Newest first, 50 a page unless `limit` (1 to 1,000) says otherwise; `cursor` is the `nextCursor` of the page before.
   *
   * @throws `INPUT.INVALID`
   */
  list(
    options: { userId: string; limit?: number; cursor?: string | null } & CallOptions,
  ): Promise<{ items: Session[]; nextCursor: string | null }>
  /**
   * Ends a running session, now unless `endedAt` is given; one that has ended keeps its time.
   *
   * @throws `SESSION.NOT_FOUND`, `INPUT.INVALID`
   */
  end(session: SessionKey & { endedAt?: Date } & CallOptions): Promise<Session>
}

const keySchema = z.strictObject({ userId: idText, id: idText })
const startSchema = z.strictObject({
  userId: idText,
  id: idText.optional(),
  title: z.string().max(10_000).optional(),
  metadata: jsonObject.optional(),
  startedAt: date.optional(),
})
const listSchema = z.strictObject({
  userId: idText,
  limit: z.int().min(1).max(1000).optional(),
  cursor: z.string().nullish(),
})
const endSchema = z.strictObject({ userId: idText, id: idText, endedAt: date.optional() })

/** The answer to a session id that its user has no session for. */
export function sessionNotFound(cause?: unknown): FunesError {
  return funesError('SESSION.NOT_FOUND', 'This user has no session with that id.', {
    fix: 'Make it with `sessions.start({ userId, id })` first, or leave sessionId out.',
    ...(cause !== undefined && { cause }),
  })
}

export function createSessions(executor: Executor): Sessions {
  return {
    async start(session) {
      const input = checked(startSchema, session)
      try {
        const [row] = await executor.run(
          insertSession({
            userId: input.userId,
            id: input.id ?? uuidv7(),
            title: input.title ?? null,
            metadata: JSON.stringify(input.metadata ?? {}),
            startedAt: input.startedAt ?? null,
          }),
        )
        return row as SessionRow
      } catch (error) {
        if (violatedConstraint(error) !== 'sessions_pkey') throw error
        throw funesError('SESSION.EXISTS', 'This user already has a session with that id.', {
          fix: 'Use `sessions.get`, or start one under another id.',
          cause: error,
        })
      }
    },
    async get(key) {
      const { userId, id } = checked(keySchema, key)
      const [row] = await executor.run(selectSession(userId, id))
      return row ?? null
    },
    async list(options) {
      const { userId, limit = 50, cursor } = checked(listSchema, options)
      const before = cursor == null ? null : readCursor(cursor, 'sessions')
      const rows = await executor.run(
        selectSessions(userId, limit + 1, before && { startedAt: before.at, id: before.id }),
      )
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return { items, nextCursor: rows.length > limit && last ? writeCursor(last.startedAt, last.id) : null }
    },
    async end(session) {
      const { userId, id, endedAt } = checked(endSchema, session)
      const [row] = await executor.run(endSession(userId, id, endedAt ?? null))
      if (!row) throw sessionNotFound()
      return row
    },
  }
}
