import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import type { Dataset, SeedRow } from '../datasets/dataset.js'
import { type Check, check } from './check.js'

const SELECT_ROW = `
  select
    m.session_id as "sessionId", m.content, m.source::text as source, m.importance, m.metadata,
    m.created_at as "createdAt", e.embedding::text as embedding
  from memories m
  left join memory_embeddings e on e.user_id = m.user_id and e.memory_id = m.id and e.model_id = $3
  where m.user_id = $1 and m.id = $2`

/** Every n-th row, so that \`count\` come from all over the set. */
export async function sampleRows(dataset: Dataset, count: number, signal: AbortSignal): Promise<SeedRow[]> {
  const step = Math.max(1, Math.floor(dataset.memories / count))
  const sampled: SeedRow[] = []
  let place = 0
  for await (const row of dataset.rows(0, signal)) {
    if (place++ % step === 0 && sampled.length < count) sampled.push(row)
    signal.throwIfAborted()
  }
  return sampled
}

/** Compares sampled rows with what the database gives back, field by field, the vector bit by bit. */
export async function checkSample(
  pool: pg.Pool,
  modelId: number,
  sampled: readonly SeedRow[],
): Promise<Check> {
  let different = 0
  for (const { userId, id, ...row } of sampled) {
    const { rows } = await pool.query(SELECT_ROW, [userId, id, modelId])
    const [stored] = rows
    const found = stored && {
      ...stored,
      embedding: stored.embedding && Float32Array.from(JSON.parse(stored.embedding)),
    }
    // As JSON, which is how metadata is kept: what has no place there was never sent.
    const expected = { ...row, metadata: JSON.parse(JSON.stringify(row.metadata)) }
    if (!isDeepStrictEqual(found, expected)) different++
  }
  const detail =
    different === 0 ? `${sampled.length} came back as they were` : `${different} of ${sampled.length} differ`
  return check('sampled memories', different === 0, detail)
}
