import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildAnswer, ChildTask } from '../children/one-search.js'
import { startChild } from '../children/start.js'
import type { Query } from '../dataset/row.js'
import type { Driver } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { directoryDatabase } from '../storage/database.js'

const NAME = 'cold-start'
const SEARCHES = 200

/** More rows would only make the preparation longer: what opening costs hardly depends on them. */
const EMBEDDED_ROWS = 10_000

type Place = ChildTask['at']

/** A loaded database that a process of its own can open, as often as there are drivers of its storage. */
async function placeOf(context: ScenarioContext, driver: Driver, folder: string): Promise<Place> {
  if (context.engine === 'server') return { url: (await context.loaded(driver)).url as string }
  const loaded = join(folder, `loaded ${driver.storage.name}`)
  if (!existsSync(loaded)) await load(context, driver, loaded)
  const dataDir = join(folder, driver.name)
  await cp(loaded, dataDir, { recursive: true })
  return { dataDir }
}

const rowsOf = ({ engine, config }: ScenarioContext) =>
  engine === 'server' ? config.rows : Math.min(EMBEDDED_ROWS, config.rows)

async function load(context: ScenarioContext, { storage }: Driver, dataDir: string): Promise<void> {
  const { config, dataset } = context
  const database = await directoryDatabase(dataDir)
  await storage.create(database, config.dimensions)
  await storage.load(database, dataset.rows(0, rowsOf(context)))
  await storage.buildIndex(database, config.dimensions)
  await database.drop()
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'funes-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  // An interrupt ends the process without coming by the end of this function.
  process.once('exit', remove)
  try {
    const places = new Map<Driver, Place>()
    for (const driver of context.drivers) places.set(driver, await placeOf(context, driver, folder))
    return await measure(context, places)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

async function measure(context: ScenarioContext, places: ReadonlyMap<Driver, Place>): Promise<Result[]> {
  const { config, dataset } = context
  const rows = rowsOf(context)
  const judge = await dataset.judge(config.k, { rows })
  const recallOf = ({ found }: ChildAnswer) =>
    found.reduce((sum, ids, i) => sum + judge.recall(dataset.queries[i] as Query, ids), 0) / found.length
  const outcomes = await alternate(context.drivers, Math.min(5, config.rounds), async (driver) =>
    startChild({
      ...{ driver: driver.name, at: places.get(driver) as Place, searches: SEARCHES },
      ...{ effort: (await context.comparable(driver)).name, recorded: context.recorded(driver) },
      ...{ dimensions: config.dimensions, k: config.k, seed: config.seed, queries: config.queries },
    }),
  )
  return [...outcomes].map(([driver, answers]) => {
    const over = (figure: (answer: ChildAnswer) => number) => spread(answers.map(figure))
    return result(
      NAME,
      driver,
      { rows },
      {
        recall: over(recallOf),
        loadCodeMs: over(({ loadedMs }) => loadedMs),
        openMs: over(({ openMs }) => openMs),
        firstSearchMs: over(({ firstMs }) => firstMs),
        toFirstAnswerMs: over(({ loadedMs, openMs, firstMs }) => loadedMs + openMs + firstMs),
        rssMb: over(({ rssMb }) => rssMb),
        heapMb: over(({ heapMb }) => heapMb),
      },
    )
  })
}

export const scenario: Scenario = {
  name: NAME,
  order: 12,
  title: 'Cold start and memory',
  about: `A new Node process loads the library, connects, and searches; then ${SEARCHES} times more, and tells how much memory it came to use.`,
  run,
  charts: (results) => [
    barsOf(results, 'toFirstAnswerMs', { title: 'From process start to the first answer', label: 'ms' }),
    barsOf(results, 'rssMb', { title: `Memory of the process after ${SEARCHES} searches`, label: 'MB' }),
  ],
}
