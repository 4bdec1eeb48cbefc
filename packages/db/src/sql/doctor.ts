import { type Statement, sql, statement } from './statement.js'

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

export interface TableFacts {
  table: string
  /** What the server has counted of it since its statistics were last reset. */
  live: number
  dead: number
  /** Rows as of the last analyze; -1 before the first. */
  analyzedRows: number
  bytes: number
}

/** Of those of the tables that there are. */
export function selectTableFacts(tables: readonly string[]): Statement<TableFacts> {
  return statement(sql`
    select
      c.relname::text as table, coalesce(s.n_live_tup, 0)::float8 as live, coalesce(s.n_dead_tup, 0)::float8 as dead,
      c.reltuples::float8 as "analyzedRows", pg_table_size(c.oid)::float8 as bytes
    from unnest(${[...tables]}::text[]) name
    join pg_class c on c.oid = to_regclass(name)
    left join pg_stat_user_tables s on s.relid = c.oid
    where c.relkind = 'r'
    order by 1`)
}

/** Milliseconds since 1970, by the server's clock. */
export const selectServerClock = statement<{ ms: number }>(sql`
  select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`)
