import type pg from 'pg'
import { indexName, vectorIndexName } from './indexes.js'
import { readPending, setPendingIndexes } from './runs.js'

const DELETE_MODELS = `
  delete from embedding_models m
  where m.name in (select model from funes_seed.runs)
    and not exists (select from memory_embeddings e where e.model_id = m.id)
    and not exists (select from tool_embeddings e where e.model_id = m.id)
    and not exists (select from embedding_models o where o.replaced_by = m.id)
  returning m.id`

/** Removes the models that seeds registered and nothing uses any more, with their indexes, built or still to be built. */
export async function removeModels(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(DELETE_MODELS)
  const names = new Set(rows.map(vectorIndexName))
  for (const name of names) await client.query(`drop index if exists ${name}`)
  for (const { id } of rows) await client.query(`drop index if exists tool_embeddings_hnsw_m${Number(id)}`)
  for (const { run, definitions } of await readPending(client)) {
    const left = definitions.filter((definition) => !names.has(indexName(definition)))
    if (left.length < definitions.length) await setPendingIndexes(client, run, left)
  }
}
