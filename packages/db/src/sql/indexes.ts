import { indexDefinition, type VectorSpace } from './distance.js'
import { type Fragment, integerLiteral, type Statement, sql, statement } from './statement.js'
import { toolIndexDefinition } from './tools-index.js'

/** Serializes the making of indexes: `if not exists` alone fails when two sessions make the same one at once. */
const INDEX_LOCK = integerLiteral(0x66_75_6e_65)

const PREFIX = 'memory_embeddings_hnsw_m'

/** The name of a model's index, for people and for comparison; in statements {@link identifier} stands. */
export function indexName(modelId: number): string {
  return `${PREFIX}${modelId}`
}

function identifier(modelId: number): Fragment {
  return sql`memory_embeddings_hnsw_m${integerLiteral(modelId)}`
}

/**
 * What follows `create index`. The index is partial, and on an expression: both keep it apart from other models' and out
 * of the sight of `prisma migrate dev`, which drops plain indexes that its schema does not name.
 */
function definition(space: VectorSpace): Fragment {
  return sql`
    if not exists ${identifier(space.id)} on memory_embeddings
    using hnsw ${indexDefinition(space)} where model_id = ${integerLiteral(space.id)} and active`
}

/** Makes the model's index, and the one of its tools, inside a transaction if need be; writers wait meanwhile. */
export function createMemoryIndex(space: VectorSpace): Statement<never> {
  return statement(
    sql`
    do $$
    begin
      perform pg_advisory_xact_lock(${INDEX_LOCK});
      create index ${definition(space)};
      create index ${toolIndexDefinition(space)};
    end
    $$`,
    { prepare: false },
  )
}

/** Makes the index of the model's tools. Writers of tools wait: there are few tools. */
export function createToolIndex(space: VectorSpace): Statement<never> {
  return statement(
    sql`
    do $$
    begin
      perform pg_advisory_xact_lock(${INDEX_LOCK});
      create index ${toolIndexDefinition(space)};
    end
    $$`,
    { prepare: false },
  )
}

/** Makes the model's index while writing goes on. Not in a transaction. */
export function createMemoryIndexConcurrently(space: VectorSpace): Statement<never> {
  return statement(sql`create index concurrently ${definition(space)}`, { prepare: false })
}

/** Makes the index anew and puts it in the old one's place. Not in a transaction. */
export function reindexConcurrently(modelId: number): Statement<never> {
  return statement(sql`reindex index concurrently ${identifier(modelId)}`, { prepare: false })
}

export function reindex(modelId: number): Statement<never> {
  return statement(sql`reindex index ${identifier(modelId)}`, { prepare: false })
}

/** What an interrupted `reindex concurrently` leaves beside the index; see {@link IndexRow.leftover}. */
export type Leftover = `${'ccnew' | 'ccold'}${number | ''}`

/** Drops the model's index, or what an interrupted rebuild left of one. */
export function dropIndex(
  modelId: number,
  { concurrently, leftover }: { concurrently: boolean; leftover?: Leftover },
): Statement<never> {
  const how = concurrently ? sql`drop index concurrently if exists` : sql`drop index if exists`
  return statement(
    sql`${how} ${leftover === undefined ? identifier(modelId) : leftoverOf(modelId, leftover)}`,
    {
      prepare: false,
    },
  )
}

function leftoverOf(modelId: number, leftover: Leftover): Fragment {
  const kind = leftover.startsWith('ccnew') ? sql`ccnew` : sql`ccold`
  const number = leftover.slice(5)
  return sql`${identifier(modelId)}_${kind}${number === '' ? sql`` : integerLiteral(Number(number))}`
}

export interface IndexRow {
  modelId: number
  name: string
  /** The name's end where an interrupted rebuild left it; null for a model's index itself. */
  leftover: Leftover | null
  valid: boolean
  /** Of the index, on disk. */
  bytes: number
  definition: string
}

/** The vector indexes of models, and what interrupted rebuilds left of them. */
export const selectIndexes = statement<IndexRow>(sql`
  select
    part[1]::int4 as "modelId", c.relname::text as name, part[2] as leftover, i.indisvalid and i.indisready as valid,
    pg_relation_size(c.oid)::float8 as bytes, pg_get_indexdef(c.oid) as definition
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  cross join lateral regexp_match(c.relname::text, '^memory_embeddings_hnsw_m([0-9]+)(?:_(cc(?:new|old)[0-9]*))?$') part
  where i.indrelid = to_regclass('memory_embeddings') and part is not null
  order by 1, 2`)

/** Takes the right to build this model's index, for the session. Asked for again and again: a statement that waited would hold the build up. */
export function tryIndexLock(modelId: number): Statement<{ taken: boolean }> {
  return statement(sql`select pg_try_advisory_lock(${INDEX_LOCK}, ${integerLiteral(modelId)}) as taken`)
}

export function releaseIndexLock(modelId: number): Statement<never> {
  return statement(sql`select pg_advisory_unlock(${INDEX_LOCK}, ${integerLiteral(modelId)})`)
}

export interface SessionLimits {
  statementTimeout: string
  lockTimeout: string
  workers: string
}

export const selectSessionLimits = statement<SessionLimits>(sql`
  select
    current_setting('statement_timeout') as "statementTimeout", current_setting('lock_timeout') as "lockTimeout",
    current_setting('max_parallel_maintenance_workers') as workers`)

export function setSessionLimits({
  statementTimeout,
  lockTimeout,
  workers,
}: SessionLimits): Statement<never> {
  return statement(sql`
    select
      set_config('statement_timeout', ${statementTimeout}, false), set_config('lock_timeout', ${lockTimeout}, false),
      set_config('max_parallel_maintenance_workers', ${workers}, false)`)
}

/** How long this session waits for a lock from now on. */
export function limitLockWaits(ms: number): Statement<never> {
  return statement(sql`select set_config('lock_timeout', ${String(ms)}, false)`)
}

export const selectBackend = statement<{ pid: number }>(sql`select pg_backend_pid() as pid`)

export function cancelBackend(pid: number): Statement<never> {
  return statement(sql`select pg_cancel_backend(${pid}::int4)`)
}

export interface BuildProgress {
  /** As PostgreSQL names it: `building index: loading tuples`, `waiting for old snapshots`, ... */
  phase: string
  done: number
  total: number
}

export function selectBuildProgress(pid: number): Statement<BuildProgress> {
  return statement(sql`
    select
      phase,
      greatest(tuples_done, blocks_done)::float8 as done,
      case when tuples_done > blocks_done then tuples_total else blocks_total end::float8 as total
    from pg_stat_progress_create_index
    where pid = ${pid}::int4`)
}

/** A statement's plan, as a tree in JSON. */
export function explainPlan(of: Statement<unknown>): Statement<{ 'QUERY PLAN': unknown }> {
  return statement(sql`explain (format json) ${of.sql}`, { prepare: false })
}

/** How many rows the planner takes the vectors of all models for; fewer than none where it has never looked. */
export const selectTableRows = statement<{ rows: number }>(sql`
  select
    greatest(reltuples, pg_relation_size(oid) / 2000)::float8 as rows
  from pg_class
  where oid = 'memory_embeddings'::regclass`)
