import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { embeddedDatabases, serverDatabases } from '../src/storage/database.js'

const url = process.env.FUNES_TEST_DATABASE_URL

describe('databases', () => {
  test.skipIf(!url)('an end while one is copied leaves neither behind, for whoever waits', async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const databases = serverDatabases(url as string)
      const original = await databases.create()
      const copying = original.copy()
      const first = databases.dropAll()
      await databases.dropAll()
      const names = [original, await copying].map((database) => new URL(database?.url as string).pathname)
      const { rows } = await client.query('select datname from pg_database where datname = any($1)', [
        names.map((path) => path.slice(1)),
      ])
      expect(names[0]).not.toBe(names[1])
      expect(rows).toEqual([])
      await first
      await expect(databases.create()).rejects.toThrow('no database is made any more')
    } finally {
      await client.end()
    }
  })

  test('an embedded one that is dropped twice at the same time ends once', async () => {
    const databases = embeddedDatabases()
    const database = await databases.create()
    await Promise.all([database.drop(), databases.dropAll(), databases.dropAll()])
    await expect(databases.create()).rejects.toThrow('no database is made any more')
  })

  test('a wrong address is told in words, without the password', async () => {
    expect(() => serverDatabases('nowhere')).toThrow(RangeError)
    const error = await serverDatabases('postgresql://me:secret@127.0.0.1:1/x')
      .create()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RangeError)
    expect(String(error)).toContain('127.0.0.1:1')
    expect(String(error)).not.toContain('secret')
  })
})
