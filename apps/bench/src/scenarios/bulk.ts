import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { recallOf, withSession } from '../run/sessions.js'

const NAME = 'bulk'

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config, dataset } = context
  const results: Result[] = []
  for (const driver of context.drivers) {
    const modes = await withSession(
      context,
      driver,
      { database: await context.loaded(driver), connections: 1 },
      async ({ bulk }) => bulk.map(({ name }) => name),
    )
    for (const name of modes) {
      const database = await context.empty(driver)
      try {
        await withSession(context, driver, { database, connections: 2 }, async (session) => {
          const mode = session.bulk.find((one) => one.name === name) as (typeof session.bulk)[number]
          const rows = [
            ...dataset.rows(0, Math.min(config.bulkRows, mode.maxRows ?? Number.POSITIVE_INFINITY)),
          ]
          const build = () => driver.storage.buildIndex(database, config.dimensions)
          const first = mode.beforeIndex ? 0 : await secondsOf(build)
          const load = await secondsOf(() => mode.load(rows))
          const last = mode.beforeIndex ? await secondsOf(build) : 0
          await session.use(await context.comparable(driver))
          const point = { mode: name, rows: rows.length, index: mode.beforeIndex ? 'after' : 'before' }
          results.push(
            result(NAME, driver, point, {
              recall: once(await recallOf(context, session, { rows: rows.length })),
              rowsPerSecond: once(rows.length / load),
              loadSeconds: once(load),
              indexSeconds: once(first + last),
              searchableRowsPerSecond: once(rows.length / (first + load + last)),
            }),
          )
        })
      } finally {
        await database.drop()
      }
    }
  }
  return results
}

export const scenario: Scenario = {
  name: NAME,
  order: 7,
  title: 'Loading many memories',
  about:
    "From an empty database to one that can be searched, by each driver's own way of storing many. Where the index can be built after the rows, it is.",
  run,
  charts: (results) => [
    barsOf(results, 'searchableRowsPerSecond', {
      ...{ title: 'From nothing to searchable, index included', label: 'rows a second', key: 'mode' },
    }),
    barsOf(results, 'rowsPerSecond', { title: 'Storing alone', label: 'rows a second', key: 'mode' }),
  ],
}
