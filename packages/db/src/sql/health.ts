import { type Statement, sql, statement } from './statement.js'

export const ping = statement<{ one: number }>(sql`select 1::int4 as one`)

export interface IndexFact {
  name: string
  valid: boolean
}

/** The model's vector index, by the name its migration or registration gave it. */
export function selectIndex(modelId: number): Statement<IndexFact> {
  const name = `memory_embeddings_hnsw_m${modelId}`
  return statement(sql`
    select c.relname::text as name, i.indisvalid as valid
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass('memory_embeddings') and c.relname = ${name}`)
}
