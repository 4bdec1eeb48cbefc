import type { Driver } from '../drivers/driver.js'
import { once, spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { recallOf, withSession } from '../run/sessions.js'
import { onConnection } from '../storage/storage.js'

const NAME = 'index-build'

const SIZES = `
  select
    sum(pg_table_size(t.oid)) as table_bytes,
    sum(coalesce((
      select sum(pg_relation_size(i.indexrelid))
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      join pg_am a on a.oid = c.relam
      where i.indrelid = t.oid and a.amname in ('hnsw', 'ivfflat')
    ), 0)) as index_bytes
  from unnest($1::regclass[]) t (oid)`

/** Builds the index once more, over the same rows in another database. */
async function buildAgain({ config, dataset, empty }: ScenarioContext, driver: Driver, rows: number) {
  const database = await empty(driver)
  try {
    await driver.storage.load(database, dataset.rows(0, rows))
    const start = performance.now()
    await driver.storage.buildIndex(database, config.dimensions)
    return (performance.now() - start) / 1000
  } finally {
    await database.drop()
  }
}

async function measure(context: ScenarioContext, driver: Driver, rows: number): Promise<Result> {
  const { storage } = driver
  const database = await context.loaded(driver, rows)
  // The first round is the build of the database that the other scenarios search.
  const seconds = [await context.builtIn(driver, rows)]
  while (seconds.length < context.config.bulkRounds) seconds.push(await buildAgain(context, driver, rows))
  const recall = await withSession(context, driver, { database, connections: 1 }, async (session) => {
    await session.use(await context.comparable(driver))
    return recallOf(context, session, { rows })
  })
  const sizes = await onConnection(database, (client) =>
    client.query<{ table_bytes: string; index_bytes: string }>(SIZES, [storage.tables.slice(0, 1)]),
  )
  const { table_bytes, index_bytes } = sizes.rows[0] as (typeof sizes.rows)[number]
  return result(
    NAME,
    driver,
    { rows },
    {
      recall: once(recall),
      buildSeconds: spread(seconds),
      secondsPer10k: spread(seconds.map((one) => (one * 10_000) / rows)),
      indexMb: once(Number(index_bytes) / 2 ** 20),
      tableMb: once(Number(table_bytes) / 2 ** 20),
      indexBytesPerRow: once(Number(index_bytes) / rows),
    },
  )
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const results: Result[] = []
  const done = new Set<string>()
  for (const driver of context.drivers) {
    if (done.has(driver.storage.name)) continue
    done.add(driver.storage.name)
    const sizes = [Math.min(10_000, config.rows), config.rows].filter(
      (rows) => rows <= context.rowsAtMost(driver),
    )
    for (const rows of new Set(sizes)) results.push(await measure(context, driver, rows))
  }
  return results
}

export const scenario: Scenario = {
  name: NAME,
  order: 9,
  hasOwnSizes: true,
  title: 'Building the vector index, and its size',
  about:
    'The time to build the index over loaded rows, and the room that it and the table with the vectors take.',
  run,
  charts: (results) => [
    barsOf(results, 'secondsPer10k', {
      ...{ title: 'Building the index', label: 'seconds for each 10,000 rows', key: 'rows' },
    }),
    barsOf(results, 'indexBytesPerRow', { title: 'Size of the index', label: 'bytes a row', key: 'rows' }),
  ],
}
