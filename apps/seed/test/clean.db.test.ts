import { createFunes } from '@funes/db'
import { describe, expect, it } from 'vitest'
import { unseed } from '../src/seed.js'
import { engines, withDatabase } from './engines.js'
import { createScreen, indexDefinitions, runSeed, small, watched } from './run.js'

describe.each(engines)('--clean (%s)', (engine) => {
  it('removes what was seeded and leaves what was not', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      const funes = await createFunes({ pool: database.pool })
      await funes.memories.add({ userId: 'ada', content: 'tea', embedding: null })
      const output = createScreen()
      await unseed(database, output)
      expect(output.text).toBe('removed 600 memories of earlier seeds\n')
      expect(await funes.memories.count({ scope: 'all-users' })).toBe(1)
      expect((await funes.memories.list({ userId: 'ada' })).items).toHaveLength(1)
      const { rows } = await database.pool.query('select id from users')
      expect(rows).toEqual([{ id: 'ada' }])
    }))

  it('builds the indexes that a stopped run had dropped', () =>
    withDatabase(engine, async (database) => {
      await runSeed(database, small())
      const standing = await indexDefinitions(database)
      await unseed(database, createScreen())
      const interruption = new AbortController()
      const stopping = watched(small(), (place) => {
        if (place === 350) interruption.abort()
      })
      await expect(runSeed(database, stopping, { signal: interruption.signal })).rejects.toThrow()
      expect(await indexDefinitions(database)).not.toEqual(standing)
      await unseed(database, createScreen())
      expect(await indexDefinitions(database)).toEqual(standing)
    }))

  it('finds nothing to do in a database that was never seeded', () =>
    withDatabase(engine, async (database) => {
      const output = createScreen()
      await unseed(database, output)
      expect(output.text).toBe('removed 0 memories of earlier seeds\n')
    }))
})
