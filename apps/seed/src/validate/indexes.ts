import type { EmbeddingModel } from '@funes/db'
import type pg from 'pg'
import { vectorIndexName } from '../load/indexes.js'
import { readPending } from '../load/runs.js'
import { megabytes } from '../screen/figures.js'
import { type Check, check } from './check.js'

const SELECT_INDEXES = `
  select c.relname as name, i.indisvalid and i.indisready as usable
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  where i.indrelid in ('users'::regclass, 'sessions'::regclass, 'memories'::regclass, 'memory_embeddings'::regclass)
  order by name`

/** Every index stands and can be used, the model's vector index among them. */
export async function checkIndexes(pool: pg.Pool, model: EmbeddingModel): Promise<Check[]> {
  const { rows } = await pool.query(SELECT_INDEXES)
  const unusable = rows.filter(({ usable }) => !usable).map(({ name }) => name)
  const missing = (await readPending(pool)).flatMap(({ definitions }) => definitions)
  const name = vectorIndexName(model)
  const hasVectorIndex = model.indexKind === 'none' || rows.some((row) => row.name === name)
  return [
    check(
      'indexes',
      unusable.length === 0 && missing.length === 0,
      unusable.length + missing.length === 0
        ? `${rows.length}, all valid`
        : `invalid: ${unusable.join(', ') || 'none'}; not built: ${missing.length}`,
    ),
    check(
      'vector index',
      hasVectorIndex,
      hasVectorIndex ? `${name} (${model.indexKind})` : `${name} is missing`,
    ),
  ]
}

const SELECT_SIZES = `
  select c.relname as name, pg_table_size(c.oid)::float8 as "table", pg_indexes_size(c.oid)::float8 as indexes
  from pg_class c
  where c.oid in ('sessions'::regclass, 'memories'::regclass, 'memory_embeddings'::regclass)
  order by name`

/** What the tables and their indexes take on disk, one line each. */
export async function describeSizes(pool: pg.Pool, model: EmbeddingModel): Promise<string[]> {
  const { rows } = await pool.query(SELECT_SIZES)
  const { rows: vector } = await pool.query(
    'select coalesce(pg_relation_size(to_regclass($1)), 0)::float8 as bytes',
    [vectorIndexName(model)],
  )
  return [
    ...rows.map(
      ({ name, table, indexes }) => `${name}: ${megabytes(table)}, its indexes ${megabytes(indexes)}`,
    ),
    `vector index: ${megabytes(vector[0].bytes)}`,
  ]
}
