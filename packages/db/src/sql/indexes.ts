import { indexDefinition, type VectorSpace } from './distance.js'
import { type Fragment, integerLiteral, type Statement, sql, statement } from './statement.js'

/** Serializes the making of indexes: `if not exists` alone fails when two sessions make the same one at once. */
const INDEX_LOCK = integerLiteral(0x66_75_6e_65)

/** What a model's vector indexes are over: it has one for each. */
export const INDEXED = ['memories', 'tools'] as const
export type Indexed = (typeof INDEXED)[number]

const PREFIXES: Readonly<Record<Indexed, string>> = {
  memories: 'memory_embeddings_hnsw_m',
  tools: 'tool_embeddings_hnsw_m',
}

/** The name of a model's index, for people and for comparison; in statements {@link identifier} stands. */
export function indexName(modelId: number, over: Indexed = 'memories'): string {
  return `${PREFIXES[over]}${modelId}`
}

function identifier(modelId: number, over: Indexed): Fragment {
  const prefix = over === 'memories' ? sql`memory_embeddings_hnsw_m` : sql`tool_embeddings_hnsw_m`
  return sql`${prefix}${integerLiteral(modelId)}`
}

/**
 * What follows `create index`. The index is partial, and on an expression: both keep it apart from other models' and out
 * of the sight of `prisma migrate dev`, which drops plain indexes that its schema does not name.
 */
function definition(space: VectorSpace, over: Indexed): Fragment {
  const table = over === 'memories' ? sql`memory_embeddings` : sql`tool_embeddings`
  const counting = over === 'memories' ? sql` and active` : sql``
  return sql`
    if not exists ${identifier(space.id, over)} on ${table}
    using hnsw ${indexDefinition(space)} where model_id = ${integerLiteral(space.id)}${counting}`
}

/**
 * Makes those of the model's indexes that are missing, inside a transaction if need be; writers wait meanwhile, and in line
 * behind it while it waits for them: with `lockWaitMs` for no longer than that. What there is already costs no lock.
 */
export function createIndexes(space: VectorSpace, lockWaitMs?: number): Statement<never> {
  const create = (over: Indexed) => sql`
      if to_regclass('${identifier(space.id, over)}') is null then
        create index ${definition(space, over)};
      end if;`
  const wait =
    lockWaitMs === undefined
      ? sql``
      : sql`perform set_config('lock_timeout', '${integerLiteral(lockWaitMs)}', true);`
  return statement(
    sql`
    do $$
    declare
      was text := current_setting('lock_timeout');
    begin
      ${wait}
      perform pg_advisory_xact_lock(${INDEX_LOCK});
      ${create('memories')}
      ${create('tools')}
      perform set_config('lock_timeout', was, true);
    end
    $$`,
    { prepare: false },
  )
}

/** Makes one of the model's indexes; writers wait meanwhile. */
export function createIndex(space: VectorSpace, over: Indexed): Statement<never> {
  return statement(sql`create index ${definition(space, over)}`, { prepare: false })
}

/** Makes one of the model's indexes while writing goes on. Not in a transaction. */
export function createIndexConcurrently(space: VectorSpace, over: Indexed): Statement<never> {
  return statement(sql`create index concurrently ${definition(space, over)}`, { prepare: false })
}

/** Makes the index anew and puts it in the old one's place. Not in a transaction. */
export function reindexConcurrently(modelId: number, over: Indexed): Statement<never> {
  return statement(sql`reindex index concurrently ${identifier(modelId, over)}`, { prepare: false })
}

export function reindex(modelId: number, over: Indexed): Statement<never> {
  return statement(sql`reindex index ${identifier(modelId, over)}`, { prepare: false })
}

/** What an interrupted `reindex concurrently` leaves beside the index; see {@link IndexRow.leftover}. */
export type Leftover = `${'ccnew' | 'ccold'}${number | ''}`

/** Drops one of the model's indexes, or what an interrupted rebuild left of one. */
export function dropIndex(
  { modelId, over, leftover }: Pick<IndexRow, 'modelId' | 'over' | 'leftover'>,
  { concurrently }: { concurrently: boolean },
): Statement<never> {
  const how = concurrently ? sql`drop index concurrently if exists` : sql`drop index if exists`
  const name = identifier(modelId, over)
  return statement(sql`${how} ${leftover === null ? name : leftoverOf(name, leftover)}`, { prepare: false })
}

function leftoverOf(name: Fragment, leftover: Leftover): Fragment {
  const kind = leftover.startsWith('ccnew') ? sql`ccnew` : sql`ccold`
  const number = leftover.slice(5)
  return sql`${name}_${kind}${number === '' ? sql`` : integerLiteral(Number(number))}`
}

export interface IndexRow {
  modelId: number
  over: Indexed
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
    part[2]::int4 as "modelId", indexed.over, c.relname::text as name, part[3] as leftover,
    i.indisvalid and i.indisready as valid, pg_relation_size(c.oid)::float8 as bytes,
    pg_get_indexdef(c.oid) as definition
  from (values ('memory', 'memories'), ('tool', 'tools')) as indexed (prefix, over)
  join pg_index i on i.indrelid = to_regclass(indexed.prefix || '_embeddings')
  join pg_class c on c.oid = i.indexrelid
  cross join lateral regexp_match(
    c.relname::text, '^(memory|tool)_embeddings_hnsw_m([0-9]+)(?:_(cc(?:new|old)[0-9]*))?$'
  ) part
  where part[1] = indexed.prefix
  order by 1, 2, 3`)

/** Takes the right to build this model's index, for the session. Asked for again and again: a statement that waited would hold the build up. */
export function tryIndexLock(modelId: number): Statement<{ taken: boolean }> {
  return statement(sql`select pg_try_advisory_lock(${INDEX_LOCK}, ${integerLiteral(modelId)}) as taken`)
}

export interface LockHolder {
  pid: number
  /** For how long it has done nothing, in milliseconds; null while it is at work, or where this role may not know. */
  idleMs: number | null
}

/** The session that has the right to build this model's index. */
export function selectIndexLockHolder(modelId: number): Statement<LockHolder> {
  return statement(sql`
    select
      l.pid,
      case when a.state = 'idle' then extract(epoch from clock_timestamp() - a.state_change)::float8 * 1000 end as "idleMs"
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid = ${INDEX_LOCK}::int4::oid and l.objid = ${integerLiteral(modelId)}::int4::oid`)
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
