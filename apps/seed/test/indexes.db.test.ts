import { createFunes } from '@funes/db'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../src/datasets/dataset.js'
import { syntheticDataset } from '../src/datasets/synthetic.js'
import { checkIndexes } from '../src/validate/indexes.js'
import { engines, withDatabase } from './engines.js'
import { createScreen, indexDefinitions, runSeed, small, watched, wrongChecks } from './run.js'

const ends = (dataset: Dataset, how: () => void) =>
  watched(dataset, (place) => {
    if (place === 350) how()
  })

/** Another data set, of users with other names. */
function another(): Dataset {
  const other = syntheticDataset({ seed: 2, memories: 300, users: 6, dimensions: 16 })
  return {
    ...other,
    async *rows(from, signal) {
      for await (const row of other.rows(from, signal)) yield { ...row, userId: `other-${row.userId}` }
    },
  }
}

describe.each(engines)('the indexes (%s)', (engine) => {
  it('that a stopped seed has dropped are built by the next one, whichever it is', () =>
    withDatabase(engine, async (database) => {
      const interruption = new AbortController()
      const output = createScreen()
      const stopping = ends(small(), () => interruption.abort())
      await expect(runSeed(database, stopping, { signal: interruption.signal, output })).rejects.toThrow()
      expect(output.text).toContain('Indexes are dropped until')
      expect(wrongChecks(await runSeed(database, another()))).toEqual([])
      const standing = (await indexDefinitions(database)).join('\n')
      for (const name of ['memories_user_created_idx', 'memories_metadata_idx', 'hnsw_synthetic-32']) {
        expect(standing).toContain(name)
      }
    }))

  it('that are missing are reported, whichever seed has dropped them', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, another())
      await database.pool.query(
        `insert into funes_seed.runs (name, identity, pending_indexes) values ('x', '{}', '{CREATE INDEX a ON b (c)}')`,
      )
      const funes = await createFunes({ pool: database.pool })
      const model = await funes.models.get('synthetic-16')
      const [indexes] = await checkIndexes(database.pool, model as NonNullable<typeof model>)
      expect(indexes).toMatchObject({
        name: 'indexes',
        isRight: false,
        detail: 'invalid: none; not built: 1',
      })
    }))

  it('stand again after a load that failed', () =>
    withDatabase(engine, async (database) => {
      const failing = ends(small(), () => {
        throw new Error('the disk is full')
      })
      await expect(runSeed(database, failing)).rejects.toThrow('the disk is full')
      const after = await indexDefinitions(database)
      expect(wrongChecks(await runSeed(database, small()))).toEqual([])
      expect(await indexDefinitions(database)).toEqual(after)
    }))

  it('that writing needs stand while rows are copied', () =>
    withDatabase(engine, async (database) => {
      let during: string[] = []
      const looking = watched(small(), () => {})
      const rows = looking.rows
      const dataset: Dataset = {
        ...looking,
        async *rows(from, signal) {
          if (during.length === 0) during = await indexDefinitions(database)
          yield* rows(from, signal)
        },
      }
      await runSeed(database, dataset)
      const names = during.join('\n')
      expect(names).toContain('memories_user_idempotency_key')
      expect(names).toContain('memories_user_dedup_key')
      expect(names).not.toContain('memories_user_created_idx')
    }))

  it('all stand while rows are copied beside memories that no seed stored', () =>
    withDatabase(engine, async (database) => {
      const funes = await createFunes({ pool: database.pool })
      await funes.migrate()
      await funes.memories.add({ userId: 'ada', content: 'tea', embedding: null })
      await funes.models.register({ name: 'synthetic-32', dimensions: 32 })
      const before = await indexDefinitions(database)
      const interruption = new AbortController()
      const stopping = ends(small(), () => interruption.abort())
      await expect(runSeed(database, stopping, { signal: interruption.signal })).rejects.toThrow()
      expect(await indexDefinitions(database)).toEqual(before)
    }))
})
