import { nothing, type Statement, sql, statement } from './statement.js'

/** One usage, checked and ready for the wire. */
export interface NewUsage {
  id: string
  tool: string
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
}

/** Means rows of all users for as long as the statement lasts, where row-level security asks. */
const ofAllUsers = sql`cross join (select set_config('funes.scope', 'all-users', true) as scope offset 0) as meant`

/**
 * Stores usages under the version that their tool has now, and says which tools there are none of. An id that is there
 * already is left alone, so a batch whose answer was lost may be sent again.
 *
 * @param isShared for usages of many users in a statement of its own; in a caller's transaction it would outlast the statement
 */
export function insertUsages(
  usages: readonly NewUsage[],
  { isShared }: { isShared: boolean },
): Statement<{ unknown: string[] }> {
  const column = <K extends keyof NewUsage>(key: K) => usages.map((usage) => usage[key])
  return statement(
    sql`
    with input as materialized (
      select i.*
      from unnest(
        ${column('id')}::uuid[], ${column('tool')}::text[], ${column('userId')}::text[], ${column('sessionId')}::text[],
        ${column('success')}::boolean[], ${column('durationMs')}::float8[], ${column('errorClass')}::text[],
        ${column('errorMessage')}::text[], ${column('inputTokens')}::int4[], ${column('outputTokens')}::int4[],
        ${column('metadata')}::jsonb[], ${usages.map(({ at }) => at.toISOString())}::timestamptz[]
      ) as i (
        id, tool, user_id, session_id, success, duration_ms, error, error_message, input_tokens, output_tokens, metadata, at
      )
      ${isShared ? ofAllUsers : nothing}
      ${isShared ? sql`where meant.scope is not null` : nothing}
    ),
    stored as (
      insert into tool_usage (
        id, tool_id, tool_version, user_id, session_id, success, duration_ms, error, error_message, input_tokens,
        output_tokens, metadata, at
      )
      select
        i.id, t.id, t.version, i.user_id, i.session_id, i.success, i.duration_ms, i.error, i.error_message, i.input_tokens,
        i.output_tokens, i.metadata, i.at
      from input i
      join tools t on t.name = i.tool
      on conflict (at, id) do nothing
    )
    select coalesce(array_agg(distinct i.tool), '{}') as unknown
    from input i
    where not exists (select from tools t where t.name = i.tool)`,
    { repeatable: true },
  )
}
