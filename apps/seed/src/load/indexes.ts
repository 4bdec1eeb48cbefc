import type { EmbeddingModel } from '@funes/db'
import type pg from 'pg'
import { inTransaction } from '../database.js'
import { readPending, setPendingIndexes } from './runs.js'

/** Indexes that nothing but reading needs: neither uniqueness nor a foreign key rests on them. */
const SELECT_DROPPABLE = `
  select c.relname as name, pg_get_indexdef(i.indexrelid) as definition, a.amname = 'hnsw' as "isVector"
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_am a on a.oid = c.relam
  where i.indrelid in ('memories'::regclass, 'memory_embeddings'::regclass)
    and not i.indisunique
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
  order by "isVector", name`

/** Somebody whose memories no seed stored: their searches need every index. */
const SELECT_STRANGER = `
  select from users u
  where not exists (select from funes_seed.runs r where r.name = u.metadata ->> 'seed')
    and exists (select from memories m where m.user_id = u.id)
  limit 1`

/** Under this name the migrations and \`models.register\` build the index of a model. */
export const vectorIndexName = (model: Pick<EmbeddingModel, 'id'>) => `memory_embeddings_hnsw_m${model.id}`

/**
 * Drops what slows a bulk load down, and writes down how to build it again in the same transaction: whatever happens
 * next, nothing is forgotten. Of vector indexes only the model's own; others have nothing to do with this load.
 * Where memories are that no seed stored, everything stays as it is.
 */
export async function dropIndexes(client: pg.ClientBase, run: string, model: EmbeddingModel): Promise<void> {
  await inTransaction(client, async () => {
    const { rows: strangers } = await client.query(SELECT_STRANGER)
    if (strangers.length > 0) return
    const { rows } = await client.query(SELECT_DROPPABLE)
    const wanted = rows.filter(({ name, isVector }) => !isVector || name === vectorIndexName(model))
    for (const { name } of wanted) await client.query(`drop index ${client.escapeIdentifier(name)}`)
    await setPendingIndexes(
      client,
      run,
      wanted.map(({ definition }) => definition),
    )
  })
}

/** The name in a definition that `pg_get_indexdef` gave. */
export function indexName(definition: string): string {
  const name = /^CREATE (?:UNIQUE )?INDEX ("(?:[^"]|"")+"|\S+) ON /.exec(definition)?.[1]
  if (name === undefined) throw new TypeError('not the definition of an index')
  return name
}

/** A parallel build needs shared memory for its whole graph, which containers often have 64 MB of. */
function isOutOfSharedMemory(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string }
  return code === '53100' || code === '53200' || /shared memory/.test(message ?? '')
}

async function build(client: pg.ClientBase, definition: string): Promise<void> {
  const name = indexName(definition)
  const { rows } = await client.query(
    'select i.indisvalid as valid from pg_index i where i.indexrelid = to_regclass($1)',
    [name],
  )
  // Built by a server process that outlived its seed.
  if (rows[0]?.valid === true) return
  if (rows[0]?.valid === false) await client.query(`drop index ${name}`)
  try {
    await client.query(definition)
  } catch (error) {
    if (!isOutOfSharedMemory(error)) throw error
    await client.query('set max_parallel_maintenance_workers = 0')
    await client.query(definition)
  }
}

export interface BuildOptions {
  /** Bytes that the largest index takes in memory while it is built. */
  workBytes: number
  /** Threads beside the one that leads. */
  workers: number
  onStart(name: string): void
}

/** Beyond this, memory is better left to the server's caches. */
const MAX_WORK_MB = 4096

/** Builds every index again that a run has dropped, one after the other, and takes each off its list when it stands. */
export async function buildAllIndexes(
  client: pg.ClientBase,
  { workBytes, workers, onStart }: BuildOptions,
): Promise<void> {
  const workMb = Math.min(MAX_WORK_MB, Math.max(64, Math.ceil(workBytes / 2 ** 20)))
  await client.query(`set maintenance_work_mem = '${workMb}MB'`)
  await client.query(`set max_parallel_maintenance_workers = ${workers}`)
  try {
    for (const { run, definitions } of await readPending(client)) {
      for (const [i, definition] of definitions.entries()) {
        onStart(indexName(definition))
        await build(client, definition)
        await setPendingIndexes(client, run, definitions.slice(i + 1))
      }
    }
  } finally {
    await client.query('reset maintenance_work_mem; reset max_parallel_maintenance_workers').catch(() => {})
  }
}
