import { integerLiteral, type Statement, sql, statement } from './statement.js'

/** By what a transaction is known when its COMMIT got no answer. */
export interface TransactionMark {
  /** Null while it has written nothing. */
  readonly id: string | null
  /** When the server that it runs on was started, in seconds. */
  readonly server: string
  /** When the mark was taken, by the server's clock, in seconds. */
  readonly at: string
}

export const selectTransactionMark = statement<TransactionMark>(
  sql`
    select
      pg_current_xact_id_if_assigned()::text as id,
      extract(epoch from pg_postmaster_start_time())::text as server, extract(epoch from clock_timestamp())::text as at`,
  { prepare: false },
)

export interface TransactionOutcome {
  /** Null where the server cannot know. */
  readonly status: 'committed' | 'aborted' | 'in progress' | null
  /** Whether it is certain that the id was given to no other transaction since. */
  readonly isSame: boolean
}

/**
 * What became of a transaction, from whatever connection. A server writes the id of a running transaction to disk no sooner
 * than something else makes it: after a crash, or on a replica that took over, the same id may be another's. A restart
 * shows in the time of the server's start; a crash of one of its processes in the statistics, which it throws away.
 */
export function selectTransactionOutcome({ id, server, at }: TransactionMark): Statement<TransactionOutcome> {
  return statement(sql`
    select
      case when pg_is_in_recovery() then null else pg_xact_status(${id}::text::xid8) end as status,
      extract(epoch from pg_postmaster_start_time())::text = ${server}::text
        and coalesce((select extract(epoch from stats_reset) < ${at}::text::numeric from pg_stat_bgwriter), false)
        as "isSame"`)
}

/** Limits of a transaction, in milliseconds, 0 for none; null for what it is as the server was told. */
export interface TransactionLimits {
  readonly statement: number | null
  readonly lock: number | null
  readonly idle: number | null
}

/** Limits of the running transaction alone: a pooler gives the connection to others afterwards. */
export function limitTransaction({ statement: all, lock, idle }: TransactionLimits): Statement<unknown> {
  const text = (ms: number | null) => (ms === null ? null : String(ms))
  return statement(
    sql`
    select
      set_config('statement_timeout', coalesce(${text(all)}, current_setting('statement_timeout')), true),
      set_config('lock_timeout', coalesce(${text(lock)}, current_setting('lock_timeout')), true),
      set_config(
        'idle_in_transaction_session_timeout',
        coalesce(${text(idle)}, current_setting('idle_in_transaction_session_timeout')), true
      )`,
    { prepare: false },
  )
}

/** Which limits the server was told of already. */
export const selectKnownLimits = statement<{ statement: boolean; lock: boolean; idle: boolean }>(
  sql`
    select
      current_setting('statement_timeout') <> '0' as statement, current_setting('lock_timeout') <> '0' as lock,
      current_setting('idle_in_transaction_session_timeout') <> '0' as idle`,
  { prepare: false },
)

/**
 * Begins a transaction whose statements may take as long as they take, but do not wait for locks, or for the client,
 * without end where nobody else has set a bound. Several statements: for the simple protocol.
 */
export function beginUnlimited({ lock, idle }: { lock: number; idle: number }): Statement<never> {
  return statement(
    sql`
    begin;
    set local statement_timeout = 0;
    select set_config('lock_timeout', '${integerLiteral(lock)}', true) where current_setting('lock_timeout') = '0';
    select set_config('idle_in_transaction_session_timeout', '${integerLiteral(idle)}', true)
    where current_setting('idle_in_transaction_session_timeout') = '0'`,
    { prepare: false },
  )
}
