import { describe, expect, it } from 'vitest'
import type { Database } from '../src/database.js'
import { vectorIndexName } from '../src/load/indexes.js'
import { engines, withDatabase } from './engines.js'
import { runSeed, small, wrongChecks } from './run.js'

const VICTIM = 'select user_id, id from memories order by user_id, id limit 1'

async function reportAfter(database: Database, damage: string): Promise<string[]> {
  await runSeed(database, small())
  await database.pool.query(damage)
  return wrongChecks(await runSeed(database, small()))
}

// One engine is enough: what is tested is the eye of the report, not the database.
describe.each(engines.slice(-1))('the report (%s)', (engine) => {
  it.each([
    [
      'a memory that is gone',
      `delete from memories where (user_id, id) = (${VICTIM})`,
      ['memories', 'embeddings'],
    ],
    [
      'a vector that is gone',
      `delete from memory_embeddings where (user_id, memory_id) = (${VICTIM})`,
      ['embeddings'],
    ],
    [
      'a text that does not fit its hash',
      `update memories set content = 'x' where (user_id, id) = (${VICTIM})`,
      ['content hashes'],
    ],
    ['metadata that changed', `update memories set metadata = '{}'`, ['sampled memories']],
    [
      'a user too many',
      `insert into users (id, metadata) select 'one-more', metadata from users limit 1`,
      ['users'],
    ],
    [
      'a session too many',
      `insert into sessions (user_id, id) select user_id, 'one-more' from sessions limit 1`,
      ['sessions'],
    ],
  ])('finds %s', (_, damage, wrong) =>
    withDatabase(engine, async (database) => {
      expect(await reportAfter(database, damage)).toEqual(expect.arrayContaining(wrong))
    }),
  )

  it('finds vectors that were changed, by what is sampled and by the recall of every search', () =>
    withDatabase(engine, async (database) => {
      const wrong = await reportAfter(
        database,
        `update memory_embeddings e set embedding = o.embedding
         from (select *, row_number() over (order by memory_id) as n from memory_embeddings) o
         join (select *, row_number() over (order by memory_id desc) as n from memory_embeddings) p on p.n = o.n
         where p.user_id = e.user_id and p.memory_id = e.memory_id`,
      )
      expect(wrong).toContain('sampled memories')
      expect(wrong).toContain('all users, held-out queries')
      expect(wrong.filter((name) => name.startsWith('one user of')).length).toBeGreaterThan(0)
    }))

  it('finds a vector index that is missing', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      const { rows } = await database.pool.query(
        "select id from embedding_models where name = 'synthetic-32'",
      )
      await database.pool.query(`drop index ${vectorIndexName(rows[0])}`)
      expect(wrongChecks(await runSeed(database, small()))).toEqual(['vector index'])
    }))
})
