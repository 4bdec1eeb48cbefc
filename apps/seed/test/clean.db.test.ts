import { createFunes } from '@funes/db'
import { describe, expect, it } from 'vitest'
import type { SeedRow } from '../src/datasets/dataset.js'
import { syntheticDataset } from '../src/datasets/synthetic.js'
import { unseed } from '../src/seed.js'
import { engines, withDatabase } from './engines.js'
import { createScreen, indexDefinitions, never, runSeed, small, watched, wrongChecks } from './run.js'

/** Indexes of the loaded tables once everything is migrated and nothing seeded: the default model's among them. */
const STANDING = 12

/** The same rows of users with other names, as two data sets may not share any. */
async function* renamed(rows: AsyncIterable<SeedRow> | Iterable<SeedRow>): AsyncGenerator<SeedRow> {
  for await (const row of rows) yield { ...row, userId: `other-${row.userId}` }
}

describe.each(engines)('--clean (%s)', (engine) => {
  it('removes what was seeded and leaves what was not', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      const funes = await createFunes({ pool: database.pool })
      await funes.memories.add({ userId: 'ada', content: 'tea', embedding: null })
      const output = createScreen()
      await unseed(database, output, never)
      expect(output.text).toBe('removed 600 memories of earlier seeds\n')
      expect(await funes.memories.count({ scope: 'all-users' })).toBe(1)
      expect((await funes.memories.list({ userId: 'ada' })).items).toHaveLength(1)
      const { rows } = await database.pool.query('select id from users')
      expect(rows).toEqual([{ id: 'ada' }])
    }))

  it('builds the indexes that a stopped run had dropped', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      await unseed(database, createScreen(), never)
      const standing = await indexDefinitions(database)
      const interruption = new AbortController()
      const stopping = watched(small(), (place) => {
        if (place === 350) interruption.abort()
      })
      await expect(runSeed(database, stopping, { signal: interruption.signal })).rejects.toThrow()
      expect(await indexDefinitions(database)).not.toEqual(standing)
      await unseed(database, createScreen(), never)
      expect(await indexDefinitions(database)).toEqual(standing)
    }))

  it('finds nothing to do in a database that was never seeded', () =>
    withDatabase(engine, async (database) => {
      const output = createScreen()
      await unseed(database, output, never)
      expect(output.text).toBe('removed 0 memories of earlier seeds\n')
    }))

  it.each(['nobody else', 'somebody else'])('leaves tables of the application alone, beside %s', (who) =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      if (who === 'somebody else') await database.pool.query("insert into users (id) values ('ada')")
      await database.pool.query(
        'create table app_notes (id int primary key, user_id text references users on delete set null)',
      )
      await database.pool.query("insert into app_notes values (1, 'user-1'), (2, null)")
      await unseed(database, createScreen(), never)
      const { rows } = await database.pool.query('select id, user_id from app_notes order by id')
      expect(rows).toEqual([
        { id: 1, user_id: null },
        { id: 2, user_id: null },
      ])
    }),
  )

  it('leaves nothing counted as stored when it is killed after the deletion', () =>
    withDatabase(engine, async (database) => {
      const interruption = new AbortController()
      const stopping = watched(small(), (place) => {
        if (place === 350) interruption.abort()
      })
      await expect(runSeed(database, stopping, { signal: interruption.signal })).rejects.toThrow()
      // The first index cannot be built, so that cleaning ends there.
      await database.pool.query(
        "update funes_seed.runs set pending_indexes = array_prepend('CREATE INDEX x ON nowhere (y)', pending_indexes)",
      )
      await expect(unseed(database, createScreen(), never)).rejects.toThrow('nowhere')
      await database.pool.query('update funes_seed.runs set pending_indexes = pending_indexes[2:]')
      const output = createScreen()
      expect(wrongChecks(await runSeed(database, small(), { output }))).toEqual([])
      expect(output.text).not.toContain('stored already')
    }))

  it('removes the models that seeds registered, unless somebody uses them', () =>
    withDatabase(engine, async (database) => {
      const other = syntheticDataset({ seed: 1, memories: 100, users: 5, dimensions: 16 })
      const names = async () => {
        const { rows } = await database.pool.query('select name from embedding_models order by name')
        return rows.map(({ name }) => name)
      }
      await runSeed(database, small())
      await unseed(database, createScreen(), never)
      expect(await names()).toEqual(['default'])
      expect(await indexDefinitions(database)).toHaveLength(STANDING)

      await runSeed(database, small())
      await runSeed(database, { ...other, rows: (from) => renamed(other.rows(from, never)) })
      const funes = await createFunes({ pool: database.pool, model: 'synthetic-32' })
      await funes.memories.add({ userId: 'ada', content: 'tea', embedding: small().heldOut?.(1)[0] as never })
      await unseed(database, createScreen(), never)
      expect(await names()).toEqual(['default', 'synthetic-32'])
      expect(await indexDefinitions(database)).toHaveLength(STANDING + 1)
    }))

  it('stops when it is told to, and has removed nothing', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      await expect(unseed(database, createScreen(), AbortSignal.abort())).rejects.toThrow('aborted')
      const { rows } = await database.pool.query('select count(*)::int4 as n from memories')
      expect(rows[0].n).toBe(600)
    }))
})
