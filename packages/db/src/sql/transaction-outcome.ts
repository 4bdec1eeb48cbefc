import { type Statement, sql, statement } from './statement.js'

/** The id of the running transaction; null while it has written nothing. */
export const selectTransactionId = statement<{ id: string | null }>(
  sql`select pg_current_xact_id_if_assigned()::text as id`,
  { prepare: false },
)

/** What became of a transaction, from whatever connection; null when that is too long ago. */
export function selectTransactionStatus(
  id: string,
): Statement<{ status: 'committed' | 'aborted' | 'in progress' | null }> {
  return statement(sql`select pg_xact_status(${id}::text::xid8) as status`)
}

/** Limits of the running transaction alone, in milliseconds, 0 for none: a pooler gives the connection to others afterwards. */
export function limitTransaction(limits: {
  statement: number
  lock: number
  idle: number
}): Statement<unknown> {
  return statement(
    sql`
    select
      set_config('statement_timeout', ${String(limits.statement)}, true),
      set_config('lock_timeout', ${String(limits.lock)}, true),
      set_config('idle_in_transaction_session_timeout', ${String(limits.idle)}, true)`,
    { prepare: false },
  )
}
