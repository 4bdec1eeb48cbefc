import { type Statement, sql, statement } from './statement.js'

export interface HolderFact {
  pid: number
  state: string | null
  /** How long its transaction has been open. */
  transactionMs: number | null
  /** How long it has been in this state. */
  stateMs: number | null
}

/**
 * Sessions of this role under this application's name that are busy or inside of a transaction, the longest first. Neither
 * texts of statements nor addresses.
 */
export function selectHolders(applicationName: string, limit: number): Statement<HolderFact> {
  return statement(sql`
    select
      pid, state,
      (extract(epoch from clock_timestamp() - xact_start) * 1000)::float8 as "transactionMs",
      (extract(epoch from clock_timestamp() - state_change) * 1000)::float8 as "stateMs"
    from pg_stat_activity
    where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
      and application_name = ${applicationName} and state <> 'idle'
    order by xact_start nulls last
    limit ${limit}::int4`)
}

/** Transactions of anybody in this database that have been open for longer than so many milliseconds. */
export function selectLongTransactions(ms: number, limit: number): Statement<HolderFact> {
  return statement(sql`
    select
      pid, state,
      (extract(epoch from clock_timestamp() - xact_start) * 1000)::float8 as "transactionMs",
      (extract(epoch from clock_timestamp() - state_change) * 1000)::float8 as "stateMs"
    from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
      and xact_start < clock_timestamp() - ${ms}::float8 * interval '1 millisecond'
    order by xact_start
    limit ${limit}::int4`)
}

export interface ConnectionFacts {
  used: number
  /** What ordinary roles may use in all. */
  usable: number
}

export const selectConnectionFacts = statement<ConnectionFacts>(sql`
  select
    (select count(*) from pg_stat_activity where backend_type = 'client backend')::int4 as used,
    current_setting('max_connections')::int4 - current_setting('superuser_reserved_connections')::int4 as usable`)

export interface ReplicaFact {
  name: string
  state: string | null
  /** Null where this role may not see it, and where nothing is being written. */
  lagMs: number | null
  lagBytes: number | null
}

/** The replicas that read from this server. */
export const selectReplicas = statement<ReplicaFact>(sql`
  select
    application_name as name, state, (extract(epoch from replay_lag) * 1000)::float8 as "lagMs",
    case
      when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8
    end as "lagBytes"
  from pg_stat_replication
  order by 1`)

export interface SlotFact {
  name: string
  /** What the server keeps for it. */
  retainedBytes: number | null
  /** Whether what it still needs is gone: who used it has to begin anew. */
  isLost: boolean
}

/** Replication slots that nobody reads: what they still need is kept for ever. */
export const selectIdleSlots = statement<SlotFact>(sql`
  select
    slot_name::text as name,
    case
      when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8
    end as "retainedBytes",
    wal_status is not distinct from 'lost' as "isLost"
  from pg_replication_slots
  where not active and not temporary
  order by 1`)

export interface RecoveryFacts {
  inRecovery: boolean
  /** On a replica: how old the last transaction is that it has replayed; null when it has replayed all it received. */
  lagMs: number | null
  /** The same, whether or not it has replayed all; null where it has replayed none. */
  lastReplayedMs: number | null
  /** Whether it is connected to the server that it follows. */
  isReceiving: boolean
  /** Whether it takes the log from an archive as well. */
  hasArchive: boolean
  isPaused: boolean
}

/** Roles without pg_monitor see of a receiver that there is one, and no more. */
export const selectRecovery = statement<RecoveryFacts>(sql`
  select
    pg_is_in_recovery() as "inRecovery",
    case
      when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
      then (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8
    end as "lagMs",
    (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8 as "lastReplayedMs",
    exists (select from pg_stat_wal_receiver where pid is not null) as "isReceiving",
    coalesce(current_setting('restore_command', true), '') <> '' as "hasArchive",
    case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end as "isPaused"`)

export interface RightFacts {
  role: string
  superuser: boolean
  schema: string | null
  /** Whether this role can make tables there, as migrations do. */
  canCreate: boolean
  /** Not because it is a replica, which is another matter. */
  readOnly: boolean
}

export const selectRights = statement<RightFacts>(sql`
  select
    current_user::text as role, r.rolsuper as superuser, current_schema()::text as schema,
    coalesce(has_schema_privilege(current_schema(), 'create'), false) as "canCreate",
    current_setting('transaction_read_only')::bool and not pg_is_in_recovery() as "readOnly"
  from pg_roles r
  where r.rolname = current_user`)

export interface TableRightFact {
  table: string
  /** Of select, insert, update and delete, those that this role lacks. */
  missing: string[]
  /** Whether it may build indexes on it: that is the owner's. */
  owned: boolean
}

/** Of those of the tables that there are. */
export function selectTableRights(tables: readonly string[]): Statement<TableRightFact> {
  return statement(sql`
    select
      name as table, pg_has_role(c.relowner, 'usage') as owned,
      array(
        select right_to
        from unnest(array['select', 'insert', 'update', 'delete']) right_to
        where not has_table_privilege(c.oid, right_to)
          and (name <> '_prisma_migrations' or right_to = 'select')
          -- Who is held to scopes has what row-level security gives it, and is to have no more.
          and not exists (
            select from pg_policy p, unnest(p.polroles) held
            where p.polname = 'funes_scope' and held <> 0 and pg_has_role(held, 'member')
          )
      ) as missing
    from unnest(${[...tables]}::text[]) name
    join pg_class c on c.oid = to_regclass(name)
    order by 1`)
}
