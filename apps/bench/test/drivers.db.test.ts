import { afterAll, describe, expect, test } from 'vitest'
import { createDataset } from '../src/dataset/dataset.js'
import { type Query, rowIndex } from '../src/dataset/row.js'
import { includes, type Scope } from '../src/dataset/scopes.js'
import { loadDrivers } from '../src/run/discover.js'
import { type Databases, embeddedDatabases, serverDatabases } from '../src/storage/database.js'

const ROWS = 400
const DIMENSIONS = 16
const dataset = createDataset({ seed: 2, dimensions: DIMENSIONS, rows: ROWS, queries: 5 })
const url = process.env.FUNES_TEST_DATABASE_URL
const engines: Databases[] = [embeddedDatabases(), ...(url ? [serverDatabases(url)] : [])]
const drivers = await loadDrivers()

describe.each(engines)('on the $engine engine', (databases) => {
  afterAll(() => databases.dropAll())
  const able = drivers.filter((driver) => driver.engines.includes(databases.engine))

  test.each(able)(
    '$name finds the nearest rows, keeps users apart, and finds what it stored',
    async (driver) => {
      if ((await driver.unavailable?.()) != null) return
      const database = await databases.create()
      await driver.storage.create(database, DIMENSIONS)
      await driver.storage.load(database, dataset.rows(0, ROWS))
      await driver.storage.buildIndex(database, DIMENSIONS)
      await driver.storage.addDefault?.(database)
      const session = await driver.open(database, { connections: 2, dimensions: DIMENSIONS })
      try {
        const everyone = await dataset.judge(10, { rows: ROWS })
        for (const effort of session.efforts) {
          await session.use(effort)
          for (const query of dataset.queries) {
            const recall = everyone.recall(query, await session.search({ query, k: 10 }))
            expect(recall, effort.name).toBeGreaterThanOrEqual(0.5)
          }
        }
        const [query] = dataset.queries as [Query]
        for (const by of driver.filters) {
          const scope: Scope = { by, share: 0.1 }
          const own = await dataset.judge(10, { rows: ROWS, scope })
          const found = await session.search({ query, k: 10, scope })
          expect(own.recall(query, found), by).toBeGreaterThanOrEqual(0.5)
          expect(found.every((id) => includes(scope, rowIndex(id)))).toBe(true)
        }

        await session.use(session.efforts[0] as (typeof session.efforts)[number])
        const row = { ...dataset.row(ROWS + 1), vector: query.vector }
        await session.add(row)
        expect((await session.search({ query, k: 10 }))[0]).toBe(row.id)
      } finally {
        await session.close()
        await database.drop()
      }
    },
  )
})
