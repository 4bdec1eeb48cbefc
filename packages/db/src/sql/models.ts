import type { EmbeddingModel, IndexKind, Metric } from '../models/types.js'
import { indexDefinition, type VectorSpace } from './distance.js'
import { integerLiteral, type Statement, sql, statement } from './statement.js'

const columns = sql`
  id, name, dimensions, metric::text as metric, index_kind::text as "indexKind", state::text as state,
  created_at as "createdAt"`

export function selectModel(name: string): Statement<EmbeddingModel> {
  return statement(sql`select ${columns} from embedding_models where name = ${name}`)
}

export function selectModels(): Statement<EmbeddingModel> {
  return statement(sql`select ${columns} from embedding_models order by id`)
}

export function insertModel(model: {
  name: string
  dimensions: number
  metric: Metric
  indexKind: IndexKind
}): Statement<EmbeddingModel> {
  return statement(sql`
    insert into embedding_models (name, dimensions, metric, index_kind)
    values (${model.name}, ${model.dimensions}::int4, ${model.metric}::distance_metric, ${model.indexKind}::index_kind)
    on conflict (name) do nothing
    returning ${columns}`)
}

/** Serializes the making of indexes: `if not exists` alone fails when two sessions make the same one at once. */
const INDEX_LOCK = integerLiteral(0x66_75_6e_65)

/**
 * The model's index: partial, and on an expression. Both keep it apart from other models' and out of the
 * sight of `prisma migrate dev`, which drops plain indexes that its schema does not name.
 */
export function createMemoryIndex(space: VectorSpace): Statement<never> {
  const id = integerLiteral(space.id)
  return statement(
    sql`
    do $$
    begin
      perform pg_advisory_xact_lock(${INDEX_LOCK});
      create index if not exists memory_embeddings_hnsw_m${id} on memory_embeddings
      using hnsw ${indexDefinition(space)} where model_id = ${id} and active;
    end
    $$`,
    { prepare: false },
  )
}
