import { type Statement, sql, statement } from './statement.js'

export interface AppliedMigration {
  name: string
  checksum: string
  finished: boolean
  rolledBack: boolean
}

/** Whoever has the lock that {@link lockMigrations} waits for. */
export const selectMigrationHolder = statement<{ pid: number }>(sql`
  select pid
  from pg_locks
  where locktype = 'advisory' and granted and classid = 0 and objid = 72707369 and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())`)

/** How long what follows in the transaction waits for a lock. */
export function limitLockWait(ms: number): Statement<never> {
  return statement(sql`select set_config('lock_timeout', ${String(ms)}, true)`)
}

/** The lock that Prisma's own migrate takes, so that the two wait for each other. Held to the end of the transaction. */
export const lockMigrations = statement<never>(sql`select pg_advisory_xact_lock(72707369)`)

/**
 * A migration may build indexes: the limit of ordinary statements does not apply. And it concerns the rows of all users,
 * which row-level security would hide from the tables' owner. Weeks in it are those of UTC: seven days of a clock that is put
 * back are an hour more.
 */
export const liftTimeouts = statement<never>(sql`
  select
    set_config('statement_timeout', '0', true), set_config('funes.scope', 'all-users', true),
    -- Weeks of usages are those of UTC, which an early migration leaves to the clock of the session.
    set_config('timezone', 'UTC', true)`)

/** Prisma's own table, as Prisma makes it (schema-engine, `_prisma_migrations`). */
export const createMigrationsTable = statement<never>(sql`
  create table if not exists _prisma_migrations (
    id                  varchar(36) primary key not null,
    checksum            varchar(64) not null,
    finished_at         timestamptz,
    migration_name      varchar(255) not null,
    logs                text,
    rolled_back_at      timestamptz,
    started_at          timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`)

export const migrationsTableExists = statement<{ exists: boolean }>(sql`
  select to_regclass('_prisma_migrations') is not null as exists`)

export const selectApplied = statement<AppliedMigration>(sql`
  select
    migration_name as name, checksum, finished_at is not null as finished, rolled_back_at is not null as "rolledBack"
  from _prisma_migrations
  order by started_at`)

export function insertApplied(id: string, name: string, checksum: string): Statement<never> {
  return statement(sql`
    insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
    values (${id}, ${checksum}, ${name}, clock_timestamp(), clock_timestamp(), 1)`)
}

export interface ServerFacts {
  versionNumber: number
  version: string
  installed: string | null
  available: string | null
}

export const selectServerFacts = statement<ServerFacts>(sql`
  select
    current_setting('server_version_num')::int4 as "versionNumber",
    current_setting('server_version') as version,
    (select extversion from pg_extension where extname = 'vector') as installed,
    (select default_version from pg_available_extensions where name = 'vector') as available`)
