import { indexDefinition, type VectorSpace } from './distance.js'
import { type Fragment, integerLiteral, type Statement, sql, statement } from './statement.js'

function identifier(modelId: number): Fragment {
  return sql`tool_embeddings_hnsw_m${integerLiteral(modelId)}`
}

/** What follows `create index` for the vectors of tools under a model, in the form that memories have. */
export function toolIndexDefinition(space: VectorSpace): Fragment {
  return sql`
    if not exists ${identifier(space.id)} on tool_embeddings
    using hnsw ${indexDefinition(space)} where model_id = ${integerLiteral(space.id)}`
}

export function dropToolIndex(modelId: number): Statement<never> {
  return statement(sql`drop index if exists ${identifier(modelId)}`, { prepare: false })
}
