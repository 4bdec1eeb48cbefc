import { type Statement, sql, statement } from './statement.js'

export interface SessionRow {
  userId: string
  /** Unique for its user, 1 to 512 characters. */
  id: string
  title: string | null
  /** Any JSON object; empty unless given. */
  metadata: Record<string, unknown>
  startedAt: Date
  /** Null while it runs. */
  endedAt: Date | null
}

const columns = sql`
  user_id as "userId", id, title, metadata, started_at as "startedAt", ended_at as "endedAt"`

export function insertSession(session: {
  userId: string
  id: string
  title: string | null
  metadata: string
  startedAt: Date | null
}): Statement<SessionRow> {
  return statement(sql`
    with known_user as (
      insert into users (id) values (${session.userId})
      on conflict (id) do nothing
    )
    insert into sessions (user_id, id, title, metadata, started_at)
    values (
      ${session.userId}, ${session.id}, ${session.title}::text, ${session.metadata}::jsonb,
      coalesce(${session.startedAt}::timestamptz, now())
    )
    returning ${columns}`)
}

export function selectSession(userId: string, id: string): Statement<SessionRow> {
  return statement(sql`select ${columns} from sessions where user_id = ${userId} and id = ${id}`)
}

/** Newest first, in pages by key: `before` is the last row of the page before. */
export function selectSessions(
  userId: string,
  limit: number,
  before: { startedAt: Date; id: string } | null,
): Statement<SessionRow> {
  const at = before?.startedAt ?? null
  return statement(sql`
    select ${columns}
    from sessions
    where user_id = ${userId}
      and (${at}::timestamptz is null or (started_at, id) < (${at}::timestamptz, ${before?.id ?? null}::text))
    order by started_at desc, id desc
    limit ${limit}::int4`)
}

/** Ends a session that is running; one that has ended keeps its time. */
export function endSession(userId: string, id: string, at: Date | null): Statement<SessionRow> {
  return statement(sql`
    update sessions
    set ended_at = coalesce(ended_at, ${at}::timestamptz, now())
    where user_id = ${userId} and id = ${id}
    returning ${columns}`)
}
