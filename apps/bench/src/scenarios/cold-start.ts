import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildTask } from '../children/one-search.js'
import { startChild } from '../children/start.js'
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

/** A loaded database that a process of its own can open. */
async function placeOf(context: ScenarioContext, driver: Driver, folder: string): Promise<Place> {
  if (context.engine === 'server') return { url: (await context.loaded(driver)).url as string }
  const dataDir = join(folder, driver.name)
  const { config, dataset } = context
  const database = await directoryDatabase(dataDir)
  await driver.storage.create(database, config.dimensions)
  await driver.storage.load(database, dataset.rows(0, Math.min(EMBEDDED_ROWS, config.rows)))
  await driver.storage.buildIndex(database, config.dimensions)
  await database.drop()
  return { dataDir }
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
  const { config } = context
  const outcomes = await alternate(context.drivers, Math.min(5, config.rounds), async (driver) =>
    startChild({
      ...{ driver: driver.name, at: places.get(driver) as Place, searches: SEARCHES },
      effort: (await context.comparable(driver)).name,
      ...{ dimensions: config.dimensions, k: config.k, seed: config.seed },
    }),
  )
  return [...outcomes].map(([driver, answers]) =>
    result(
      NAME,
      driver,
      { rows: context.engine === 'server' ? config.rows : Math.min(EMBEDDED_ROWS, config.rows) },
      {
        loadCodeMs: spread(answers.map(({ loadedMs }) => loadedMs)),
        openMs: spread(answers.map(({ openedMs, loadedMs }) => openedMs - loadedMs)),
        firstSearchMs: spread(answers.map(({ firstMs, openedMs }) => firstMs - openedMs)),
        toFirstAnswerMs: spread(answers.map(({ firstMs }) => firstMs)),
        rssMb: spread(answers.map(({ rssMb }) => rssMb)),
        heapMb: spread(answers.map(({ heapMb }) => heapMb)),
      },
    ),
  )
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
