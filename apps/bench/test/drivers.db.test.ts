import { afterAll, describe, expect, test } from 'vitest'
import { createDataset } from '../src/dataset/dataset.js'
import { type Query, rowIndex } from '../src/dataset/row.js'
import type { Scope } from '../src/dataset/scopes.js'
import type { Driver, Session } from '../src/drivers/driver.js'
import { loadDrivers } from '../src/run/discover.js'
import { type Database, type Databases, embeddedDatabases, serverDatabases } from '../src/storage/database.js'

const DIMENSIONS = 16
const FEW = 400
/** More than Funes compares one by one on a server, where loading is quick: its searches go through the index. */
const MANY = 4_500
const dataset = createDataset({ seed: 2, dimensions: DIMENSIONS, rows: MANY, queries: 10 })
const url = process.env.FUNES_TEST_DATABASE_URL
const engines: Databases[] = [embeddedDatabases(), ...(url ? [serverDatabases(url)] : [])]
const drivers = await loadDrivers()

/** The least mean recall: what Funes and its own statements promise, and for others that they search at all. */
function floorOf({ role }: Driver, effort: string): number {
  if (role === 'peer' || effort === 'ef 20') return 0.85
  return effort === 'high' || effort === 'exact' ? 0.98 : 0.9
}

async function meanRecall(session: Session, rows: number, scope?: Scope): Promise<number> {
  const judge = await dataset.judge(10, { rows, ...(scope && { scope }) })
  let sum = 0
  for (const query of dataset.queries) {
    const found = await session.search({ query, k: 10, ...(scope && { scope }) })
    if (scope) expect(found.every((id) => dataset.includes(scope, rowIndex(id)))).toBe(true)
    sum += judge.recall(query, found)
  }
  return sum / dataset.queries.length
}

/** To write statements down must leave no row behind, and nobody may search without them. */
async function expectNothingRecorded(driver: Driver, database: Database): Promise<void> {
  const pool = await database.openPool({ connections: 1 })
  const { rows: left } = await pool.query('select id from users union all select content from memories')
  expect(left).toEqual([])
  await database.closePool(pool)
  const opening = driver.open(database, { connections: 1, dimensions: DIMENSIONS })
  await expect(opening).rejects.toThrow('recorded')
}

/** Of how many pages of a table VACUUM left it unknown whether all can see them. */
async function pagesInDoubt(database: Database, table: string | undefined): Promise<number> {
  const pool = await database.openPool({ connections: 1 })
  const { rows } = await pool.query(
    'select relpages - relallvisible as n from pg_class where oid = $1::regclass',
    [table],
  )
  await database.closePool(pool)
  return rows[0].n
}

describe.each(engines)('on the $engine engine', (databases) => {
  afterAll(() => databases.dropAll())
  const able = drivers.filter((driver) => driver.engines.includes(databases.engine))

  test.each(able)(
    '$name finds the nearest rows, keeps scopes apart, and finds what it stored',
    async (driver) => {
      if ((await driver.unavailable?.()) != null) return
      const goesThroughIndex = databases.engine === 'server' && driver.role === 'funes'
      const rows = goesThroughIndex ? MANY : FEW
      const database = await databases.create()
      await driver.storage.create(database, DIMENSIONS)
      const recorded = await driver.record?.(database, { dimensions: DIMENSIONS })
      if (driver.record) await expectNothingRecorded(driver, database)
      await driver.storage.load(database, dataset.rows(0, rows))
      // On a server somebody else's snapshot may be in the way.
      if (databases.engine === 'embedded')
        expect(await pagesInDoubt(database, driver.storage.tables[0])).toBe(0)
      await driver.storage.buildIndex(database, DIMENSIONS)
      await driver.storage.addDefault?.(database)
      const session = await driver.open(database, { connections: 2, dimensions: DIMENSIONS, recorded })
      try {
        for (const effort of session.efforts) {
          await session.use(effort)
          expect(await meanRecall(session, rows), effort.name).toBeGreaterThanOrEqual(
            floorOf(driver, effort.name),
          )
        }
        const usual = session.efforts.find(({ isDefault, isForFilters }) =>
          driver.role === 'peer' ? isForFilters : isDefault,
        )
        await session.use(usual ?? (session.efforts[0] as (typeof session.efforts)[number]))
        for (const by of driver.filters) {
          const recall = await meanRecall(session, rows, { by, share: 0.1 })
          expect(recall, by).toBeGreaterThanOrEqual(floorOf(driver, usual?.name ?? ''))
        }
        const [query] = dataset.queries as [Query]
        if (goesThroughIndex) expect(await session.pathOf?.({ query, k: 10 })).toBe('index')

        const row = { ...dataset.row(MANY + 1), vector: query.vector }
        await session.add(row)
        expect((await session.search({ query, k: 10 }))[0]).toBe(row.id)
      } finally {
        await session.close()
        await database.drop()
      }
    },
  )
})
