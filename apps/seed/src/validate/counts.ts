import type { EmbeddingModel } from '@funes/db'
import type pg from 'pg'
import type { Dataset } from '../datasets/dataset.js'
import type { Run } from '../load/runs.js'
import { whole } from '../screen/figures.js'
import { type Check, check } from './check.js'

const COUNT = `
  with seeded as (select id from users where metadata ->> 'seed' = $1)
  select
    (select count(*)::int4 from seeded) as users,
    (select count(*)::int4 from sessions where user_id in (select id from seeded)) as sessions,
    (select count(*)::int4 from memories where user_id in (select id from seeded)) as memories,
    (select count(*)::int4 from memory_embeddings
     where model_id = $2 and active and user_id in (select id from seeded)) as embeddings,
    (select count(*)::int4 from memories
     where user_id in (select id from seeded)
       and content_hash <> sha256(convert_to(content, 'UTF8'))) as "wrongHashes"`

function same(name: string, found: number, expected: number): Check {
  const detail =
    found === expected ? whole(found) : `${whole(found)}, where ${whole(expected)} were to be stored`
  return check(name, found === expected, detail)
}

/** Compares what is in the tables with what was to be stored. */
export async function checkCounts(
  pool: pg.Pool,
  dataset: Dataset,
  run: Run,
  model: EmbeddingModel,
): Promise<Check[]> {
  const { rows } = await pool.query(COUNT, [run.name, model.id])
  const { users, sessions, memories, embeddings, wrongHashes } = rows[0]
  return [
    ...(dataset.users === undefined ? [] : [same('users', users, dataset.users)]),
    same('sessions', sessions, run.sessions),
    same('memories', memories, dataset.memories),
    same('embeddings', embeddings, dataset.memories),
    check('content hashes', wrongHashes === 0, wrongHashes === 0 ? 'all right' : `${wrongHashes} wrong`),
  ]
}
