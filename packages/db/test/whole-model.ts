import type pg from 'pg'
import type { Embedder } from '../src/index.js'
import { cosineDistance } from './vectors.js'

/**
 * What is wrong with the vectors of a model, in words: every memory is to have one, made of its present text, that counts
 * as long as the memory does. Read past all of Funes, from the tables.
 */
export async function faultsOf(
  pool: pg.Pool,
  embedder: Embedder,
  userIds?: readonly string[],
): Promise<string[]> {
  const { rows } = await pool.query(
    `select
       m.id, m.content, m.deleted_at is null as live, m.expires_at, e.active, e.expires_at as until, e.embedding::text as vector
     from memories m
     left join memory_embeddings e
       on e.user_id = m.user_id and e.memory_id = m.id
       and e.model_id = (select id from embedding_models where name = $1)
     where $2::text[] is null or m.user_id = any ($2)
     order by m.user_id, m.id`,
    [embedder.model, userIds ?? null],
  )
  const vectors = await embedder.embed(rows.map((row) => row.content))
  const seen = new Set<string>()
  return rows.flatMap((row, i) => {
    const faults: string[] = []
    if (seen.has(row.id)) faults.push('doubled')
    seen.add(row.id)
    if (row.vector === null) return [`${row.content}: lost`]
    if (cosineDistance(JSON.parse(row.vector), vectors[i] as Float32Array) > 1e-5)
      faults.push('of another text')
    if (row.active !== row.live) faults.push(row.live ? 'hidden' : 'found though deleted')
    if (row.expires_at?.getTime() !== row.until?.getTime()) faults.push('of another term')
    return faults.map((fault) => `${row.content}: ${fault}`)
  })
}
