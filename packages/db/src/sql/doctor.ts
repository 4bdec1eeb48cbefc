import { integerLiteral, type Statement, sql, statement } from './statement.js'

export interface ExtensionFacts {
  installed: string | null
  /** The version that this server can create. */
  available: string | null
  /** Where it is installed. */
  schema: string | null
  /** Whether its types are found without naming that schema. */
  visible: boolean
  /** Whether this role could create it. */
  creatable: boolean
  role: string
}

/** A trusted extension takes the right to create in the database, any other a superuser. */
export const selectExtensionFacts = statement<ExtensionFacts>(sql`
  select
    (select extversion from pg_extension where extname = 'vector') as installed,
    (select default_version from pg_available_extensions where name = 'vector') as available,
    (select extnamespace::regnamespace::text from pg_extension where extname = 'vector') as schema,
    to_regtype('vector') is not null as visible,
    (select rolsuper from pg_roles where rolname = current_user)
      or (
        has_database_privilege(current_database(), 'create')
        and exists (select from pg_available_extension_versions where name = 'vector' and trusted)
      ) as creatable,
    current_user::text as role`)

/** Sizes in bytes. */
export interface SettingFacts {
  maintenanceWorkMem: number
  sharedBuffers: number
  workMem: number
  parallelMaintenanceWorkers: number
  randomPageCost: number
  jit: boolean
  jitAboveCost: number
  autovacuum: boolean
  /** Whether plans may use indexes at all. */
  indexScan: boolean
}

export const selectSettings = statement<SettingFacts>(sql`
  select
    pg_size_bytes(current_setting('maintenance_work_mem'))::float8 as "maintenanceWorkMem",
    pg_size_bytes(current_setting('shared_buffers'))::float8 as "sharedBuffers",
    pg_size_bytes(current_setting('work_mem'))::float8 as "workMem",
    current_setting('max_parallel_maintenance_workers')::int4 as "parallelMaintenanceWorkers",
    current_setting('random_page_cost')::float8 as "randomPageCost",
    current_setting('jit')::bool as jit,
    current_setting('jit_above_cost')::float8 as "jitAboveCost",
    current_setting('autovacuum')::bool as autovacuum, current_setting('enable_indexscan')::bool as "indexScan"`)

export interface SettingSource {
  /** As `pg_settings.source` has it. */
  source: string
  /** Who logged in, and where. */
  role: string
  database: string
}

/** Where the value of a setting comes from, for a session such as this one. */
export function selectSettingSources(names: readonly string[]): Statement<SettingSource & { name: string }> {
  return statement(sql`
    select name, source, session_user::text as role, current_database()::text as database
    from pg_settings
    where name = any (${[...names]}::text[])`)
}

export interface TableFacts {
  table: string
  /** What the server has counted of it since its statistics were last reset. */
  live: number
  dead: number
  /** Rows as of the last analyze; -1 before the first. */
  analyzedRows: number
  bytes: number
}

/** Of those of the tables that there are; of a partitioned one, which holds nothing itself, its partitions. */
export function selectTableFacts(tables: readonly string[]): Statement<TableFacts> {
  return statement(sql`
    select
      c.relname::text as table, coalesce(s.n_live_tup, 0)::float8 as live, coalesce(s.n_dead_tup, 0)::float8 as dead,
      c.reltuples::float8 as "analyzedRows", pg_table_size(c.oid)::float8 as bytes
    from unnest(${[...tables]}::text[]) name
    join pg_class named on named.oid = to_regclass(name)
    cross join lateral (
      select named.oid as relid where named.relkind = 'r'
      union all
      select part.relid from pg_partition_tree(named.oid) part where named.relkind = 'p' and part.isleaf
    ) holder
    join pg_class c on c.oid = holder.relid
    left join pg_stat_user_tables s on s.relid = c.oid
    order by 1`)
}

/** Milliseconds since 1970, by the server's clock. */
export const selectServerClock = statement<{ ms: number }>(sql`
  select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`)

/** A transaction of which nothing stays. */
export const beginLook = statement<never>(sql`begin read only`)
export const endLook = statement<never>(sql`rollback`)

/**
 * The user with the most vectors, as far as the planner's statistics know it; else one that has some. Null where there is none.
 */
export function selectBusiestUser(modelId: number): Statement<{ userId: string | null }> {
  return statement(sql`
    select
      coalesce(
        (
          select (most_common_vals::text::text[])[1]
          from pg_stats
          where tablename = 'memory_embeddings' and attname = 'user_id'
            and schemaname = (select nspname from pg_namespace n join pg_class c on c.relnamespace = n.oid where c.oid = to_regclass('memory_embeddings'))
        ),
        (select user_id from memory_embeddings where model_id = ${integerLiteral(modelId)} and active limit 1)
      ) as "userId"`)
}
