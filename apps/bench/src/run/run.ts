import { createDataset } from '../dataset/dataset.js'
import type { Driver } from '../drivers/driver.js'
import type { Profile, Sizes } from '../profile.js'
import type { Report, Result } from '../result.js'
import type { Databases } from '../storage/database.js'
import { createComparable } from './comparable.js'
import type { Scenario } from './context.js'
import { describeEnvironment } from './environment.js'
import { createFixtures } from './fixtures.js'

export interface RunOptions {
  readonly profile: Profile
  readonly sizes: Sizes
  readonly drivers: readonly Driver[]
  readonly scenarios: readonly Scenario[]
  readonly databases: Databases
  progress(text: string): void
  /** Called with the results of each scenario as it ends. */
  onResults?(scenario: Scenario, results: readonly Result[]): void
}

/** Runs scenarios one after the other over shared data, and drops every database it made. */
export async function runBench(options: RunOptions): Promise<Report> {
  const { databases, sizes, progress } = options
  const skipped: { what: string; why: string }[] = []
  const drivers: Driver[] = []
  for (const driver of options.drivers) {
    const why = driver.engines.includes(databases.engine)
      ? ((await driver.unavailable?.()) ?? null)
      : `does not run on the ${databases.engine} engine`
    if (why === null) drivers.push(driver)
    else skipped.push({ what: driver.name, why })
  }
  for (const { what, why } of skipped) progress(`${what} is left out: ${why}`)

  const config = {
    profile: options.profile,
    ...sizes,
    drivers: drivers.map(({ name }) => name),
    scenarios: options.scenarios.map(({ name }) => name),
  }
  try {
    const environment = await readEnvironment(databases)
    const largest = Math.max(sizes.rows, sizes.bulkRows, ...sizes.scalingRows)
    progress(`making ${largest.toLocaleString('en')} vectors of ${sizes.dimensions} dimensions`)
    const dataset = createDataset({ ...sizes, rows: largest })
    const fixtures = createFixtures(databases, dataset, progress)
    const funes = drivers.find(({ role }) => role === 'funes')
    const loaded = (driver: Driver, rows = sizes.rows) => fixtures.loaded(driver, rows)
    const comparable = createComparable(config, dataset, funes, loaded, progress)
    const results: Result[] = []
    for (const scenario of options.scenarios) {
      progress(`${scenario.name}: ${scenario.title}`)
      const found = await scenario.run({
        ...{ engine: databases.engine, config, dataset, drivers, loaded, comparable, progress },
        writable: (driver) => fixtures.writable(driver, sizes.rows),
        empty: fixtures.empty,
      })
      await fixtures.endScenario()
      results.push(...found)
      options.onResults?.(scenario, found)
    }
    return { format: 1, environment, config, results, skipped }
  } finally {
    await databases.dropAll()
  }
}

async function readEnvironment(databases: Databases) {
  const database = await databases.create()
  const pool = await database.openPool({ connections: 1 })
  try {
    return await describeEnvironment(pool, databases.engine)
  } finally {
    await database.closePool(pool)
    await database.drop()
  }
}
