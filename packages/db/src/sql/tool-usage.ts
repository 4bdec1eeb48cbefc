import { nothing, type Statement, sql, statement } from './statement.js'

/** One usage, checked and ready for the wire. */
export interface NewUsage {
  id: string
  tool: string
  /** Of the tool; null for the one that it has when the usage is stored. */
  version: number | null
  userId: string | null
  sessionId: string | null
  success: boolean
  durationMs: number | null
  errorClass: string | null
  errorMessage: string | null
  inputTokens: number | null
  outputTokens: number | null
  /** JSON text. */
  metadata: string
  at: Date
  /** When it was handed over, in milliseconds since 1970. */
  recordedAt: number
}

/** Means rows of all users for as long as the statement lasts, where row-level security asks. */
const ofAllUsers = sql`cross join (select set_config('funes.scope', 'all-users', true) as scope offset 0) as meant`

/** What became of usages that were to be stored. */
export interface InsertedUsages {
  /** Names that no tool has, with `@` and the version where one was given, and of how many usages. */
  unknown: string[]
  unknownCount: number
  /** Usages of users who were purged after they had been handed over. */
  purged: number
}

/** Clocks may differ by so much, and a statement may have waited so long for a connection. */
const SLACK = sql`interval '1 minute'`

/** How long each usage has waited, by the clock of this process alone. */
const heldMs = (usages: readonly NewUsage[], sentAt: number) =>
  sql`, ${usages.map(({ recordedAt }) => Math.max(0, sentAt - recordedAt))}::float8[]`

/** A tool `t` that has the name of a usage `i`, and had its version: they count from 1, and none is left out. */
const isOfTool = sql`t.name = i.tool and (i.version is null or i.version <= t.version)`

const wasPurged = sql`exists (
        select from purged_users p
        where p.user_hash = sha256(convert_to(i.user_id, 'UTF8'))
          and p.purged_at > now() - i.held_ms * interval '1 millisecond' - ${SLACK}
      )`

/**
 * Stores usages under their version, or the one that their tool has now, and says which tools there are none of. An id that is there
 * already is left alone, so a batch whose answer was lost may be sent again.
 *
 * @param isShared for usages of many users in a statement of its own; in a caller's transaction it would outlast the statement
 * @param sentAt for usages that nobody waits for, which may have been handed over before their user was purged: now, in
 * milliseconds since 1970
 */
export function insertUsages(
  usages: readonly NewUsage[],
  { isShared, sentAt = null }: { isShared: boolean; sentAt?: number | null },
): Statement<InsertedUsages> {
  const column = <K extends keyof NewUsage>(key: K) => usages.map((usage) => usage[key])
  return statement(
    sql`
    with given as materialized (
      select i.*
      from unnest(
        ${column('id')}::uuid[], ${column('tool')}::text[], ${column('version')}::int4[], ${column('userId')}::text[],
        ${column('sessionId')}::text[],
        ${column('success')}::boolean[], ${column('durationMs')}::float8[], ${column('errorClass')}::text[],
        ${column('errorMessage')}::text[], ${column('inputTokens')}::int4[], ${column('outputTokens')}::int4[],
        ${column('metadata')}::jsonb[], ${usages.map(({ at }) => at.toISOString())}::timestamptz[]
        ${sentAt === null ? nothing : heldMs(usages, sentAt)}
      ) as i (
        id, tool, version, user_id, session_id, success, duration_ms, error, error_message, input_tokens, output_tokens,
        metadata, at
        ${sentAt === null ? nothing : sql`, held_ms`}
      )
      ${isShared ? ofAllUsers : nothing}
      ${isShared ? sql`where meant.scope is not null` : nothing}
    ),
    input as materialized (
      select i.*
      from given i
      ${sentAt === null ? nothing : sql`where i.user_id is null or not (select exists (select from purged_users)) or not ${wasPurged}`}
    ),
    stored as (
      insert into tool_usage (
        id, tool_id, tool_version, user_id, session_id, success, duration_ms, error, error_message, input_tokens,
        output_tokens, metadata, at
      )
      select
        i.id, t.id, coalesce(i.version, t.version), i.user_id, i.session_id, i.success, i.duration_ms, i.error, i.error_message, i.input_tokens,
        i.output_tokens, i.metadata, i.at
      from input i
      join tools t on ${isOfTool}
      on conflict (at, id) do nothing
    )
    select
      coalesce(array_agg(distinct i.tool || coalesce('@' || i.version, '')), '{}') as unknown, count(*)::int4 as "unknownCount",
      ((select count(*) from given) - (select count(*) from input))::int4 as purged
    from input i
    where not exists (select from tools t where ${isOfTool})`,
    { repeatable: true },
  )
}
