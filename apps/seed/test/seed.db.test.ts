import { createFunes } from '@funes/db'
import { describe, expect, it } from 'vitest'
import { unseed } from '../src/seed.js'
import { engines, withDatabase } from './engines.js'
import { createScreen, digest, indexDefinitions, never, runSeed, small, watched, wrongChecks } from './run.js'

describe.each(engines)('seed (%s)', (engine) => {
  it('stores the whole set with every index standing, and its report finds nothing wrong', () =>
    withDatabase(engine, async (database) => {
      const report = await runSeed(database, small())
      expect(wrongChecks(report)).toEqual([])
      expect(report.checks.map(({ name }) => name)).toEqual([
        'users',
        'sessions',
        'memories',
        'embeddings',
        'content hashes',
        'indexes',
        'vector index',
        'sampled memories',
        'all users, held-out queries',
        expect.stringMatching(/^one user of \d\d\d memories$/),
        expect.stringMatching(/^one user of \d+ memories$/),
        expect.stringMatching(/^one user of \d+ memories$/),
      ])
      expect(report.sizes.at(-1)).toMatch(/^vector index: 0\.[1-9] MB$/)
    }))

  it('stores by COPY and by insert the same, and leaves the same indexes', () =>
    withDatabase(engine, async (database) => {
      expect(wrongChecks(await runSeed(database, small(), { mode: 'insert' }))).toEqual([])
      const inserted = [await digest(database), await indexDefinitions(database)]
      await unseed(database, createScreen(), never)
      expect(wrongChecks(await runSeed(database, small(), { mode: 'copy' }))).toEqual([])
      expect([await digest(database), await indexDefinitions(database)]).toEqual(inserted)
    }))

  it.each(['copy', 'insert'] as const)('goes on where it was stopped (%s)', (mode) =>
    withDatabase(engine, async (database) => {
      const interruption = new AbortController()
      const stopping = watched(small(), (place) => {
        if (place === 350) interruption.abort()
      })
      const stopped = runSeed(database, stopping, { mode, signal: interruption.signal })
      await expect(stopped).rejects.toThrow(interruption.signal.reason)
      const { rows } = await database.pool.query('select count(*)::int4 as n from memories')
      expect(rows[0].n).toBeGreaterThanOrEqual(200)
      expect(rows[0].n).toBeLessThanOrEqual(300)

      const places: number[] = []
      const output = createScreen()
      const resumed = watched(small(), (place) => void places.push(place))
      expect(wrongChecks(await runSeed(database, resumed, { mode, output }))).toEqual([])
      expect(places[0]).toBe(rows[0].n)
      expect(output.text).toContain(`${rows[0].n} are stored already`)
      const interrupted = await digest(database)
      await unseed(database, createScreen(), never)
      await runSeed(database, small(), { mode })
      expect(await digest(database)).toBe(interrupted)
    }),
  )

  it('stores nothing twice when it is started again after the end', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      const first = await digest(database)
      expect(wrongChecks(await runSeed(database, small()))).toEqual([])
      expect(await digest(database)).toBe(first)
    }))

  it('refuses a database where memories of somebody else would be found by its searches', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      const other = { ...small(), identity: { dataset: 'another' } }
      await expect(runSeed(database, other)).rejects.toMatchObject({ code: 'SEED.REFUSED' })
    }))

  it('refuses to add to a user that it did not make', () =>
    withDatabase(engine, async (database) => {
      const funes = await createFunes({ pool: database.pool })
      await funes.migrate()
      await funes.users.ensure({ id: 'user-1' })
      await expect(runSeed(database, small())).rejects.toMatchObject({ code: 'SEED.REFUSED' })
      expect(await funes.memories.count({ userId: 'user-1' })).toBe(0)
    }))
})
