import type { Driver } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { spread } from '../measure/spread.js'
import type { Result, Spread } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { recallOf, withSession } from '../run/sessions.js'

const NAME = 'bulk'

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** A driver and one of its ways to store many. */
interface Turn {
  readonly driver: Driver
  readonly name: string
  readonly isBeforeIndex: boolean
  readonly rows: number
}

async function turnsOf(context: ScenarioContext, driver: Driver): Promise<Turn[]> {
  const most = Math.min(context.config.bulkRows, context.rowsAtMost(driver))
  const database = await context.loaded(driver, Math.min(context.config.rows, context.rowsAtMost(driver)))
  return withSession(context, driver, { database, connections: 1 }, async ({ bulk }) =>
    bulk.map(({ name, beforeIndex, maxRows = most }) => ({
      ...{ driver, name, isBeforeIndex: beforeIndex, rows: Math.min(most, maxRows) },
    })),
  )
}

/** The limit sends the same rows, and then the very same statement builds the same index: only sending is measured. */
const isLoadedOnly = ({ role }: Driver) => role === 'limit'

interface Loaded {
  readonly loading: number
  /** What came of building the index, where that was done. */
  readonly indexed?: { readonly seconds: number; readonly recall: number }
}

/** From an empty database to one that can be searched. */
async function load(
  context: ScenarioContext,
  { driver, name, isBeforeIndex, rows: count }: Turn,
): Promise<Loaded> {
  const { config, dataset } = context
  const database = await context.empty(driver)
  try {
    return await withSession(context, driver, { database, connections: 2 }, async (session) => {
      const mode = session.bulk.find((one) => one.name === name) as (typeof session.bulk)[number]
      const rows = [...dataset.rows(0, count)]
      const build = () => driver.storage.buildIndex(database, config.dimensions)
      const first = isBeforeIndex ? 0 : await secondsOf(build)
      const loading = await secondsOf(() => mode.load(rows))
      if (isLoadedOnly(driver)) return { loading }
      const last = isBeforeIndex ? await secondsOf(build) : 0
      await session.use(await context.comparable(driver))
      const recall = await recallOf(context, session, { rows: count })
      return { loading, indexed: { seconds: first + last, recall } }
    })
  } finally {
    await database.drop()
  }
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const turns: Turn[] = []
  for (const driver of context.drivers) turns.push(...(await turnsOf(context, driver)))
  const outcomes = await alternate(turns, context.config.bulkRounds, (turn) => load(context, turn))
  return [...outcomes].map(([{ driver, name, isBeforeIndex, rows }, rounds]) => {
    const point = { mode: name, rows, index: isBeforeIndex ? 'after' : 'before' }
    return result(NAME, driver, point, figuresOf(rounds, rows))
  })
}

function figuresOf(rounds: readonly Loaded[], rows: number): Record<string, Spread> {
  const indexed = rounds.flatMap((one) => one.indexed ?? [])
  const perSecond = rounds.map(({ loading, indexed: { seconds = 0 } = {} }) => rows / (loading + seconds))
  return {
    ...(indexed.length > 0 && { recall: spread(indexed.map(({ recall }) => recall)) }),
    rowsPerSecond: spread(rounds.map(({ loading }) => rows / loading)),
    loadSeconds: spread(rounds.map(({ loading }) => loading)),
    ...(indexed.length > 0 && {
      indexSeconds: spread(indexed.map(({ seconds }) => seconds)),
      searchableRowsPerSecond: spread(perSecond),
    }),
  }
}

export const scenario: Scenario = {
  name: NAME,
  order: 7,
  hasOwnSizes: true,
  title: 'Loading many memories',
  about:
    "From an empty database to one that can be searched, by each driver's own way of storing many. Where the index can be built after the rows, it is. Of the limits only storing is measured: their index is the same.",
  run,
  charts: (results) => [
    barsOf(results, 'searchableRowsPerSecond', {
      ...{ title: 'From nothing to searchable, index included', label: 'rows a second', key: 'mode' },
    }),
    barsOf(results, 'rowsPerSecond', { title: 'Storing alone', label: 'rows a second', key: 'mode' }),
  ],
}
