import { inspect } from 'node:util'
import { createDataset } from '../dataset/dataset.js'
import type { Driver } from '../drivers/driver.js'
import type { Profile, Sizes } from '../profile.js'
import type { Report, Result } from '../result.js'
import type { Databases } from '../storage/database.js'
import { createComparable } from './comparable.js'
import type { Scenario } from './context.js'
import { describeEnvironment, durabilityWarnings } from './environment.js'
import { createFixtures, type Fixtures } from './fixtures.js'

export interface RunOptions {
  readonly profile: Profile
  readonly sizes: Sizes
  readonly drivers: readonly Driver[]
  /** Drivers that were asked for by name: that one of them cannot run is an error. */
  readonly named?: readonly string[] | undefined
  /** Whether all that there is was asked for. */
  readonly isWhole?: boolean
  readonly scenarios: readonly Scenario[]
  readonly databases: Databases
  progress(text: string): void
  /** Whether the run is being stopped: what fails then is no finding. */
  isInterrupted?(): boolean
  /** Called with the results of each scenario as it ends. */
  onResults?(scenario: Scenario, results: readonly Result[]): void
}

const HOW_TO_RUN = {
  server: 'pass --embedded',
  embedded: 'name a server with --url or FUNES_TEST_DATABASE_URL, without --embedded',
} as const

/**
 * Runs scenarios one after the other over shared data, and drops every database it made. A scenario that fails is named
 * in `failed`, and in the report among what was left out.
 *
 * @throws RangeError when a driver that was asked for by name cannot run
 */
export async function runBench(options: RunOptions): Promise<{ report: Report; failed: readonly string[] }> {
  const { databases, sizes, progress } = options
  const skipped: { what: string; why: string }[] = []
  const drivers: Driver[] = []
  for (const driver of options.drivers) {
    const why = driver.engines.includes(databases.engine)
      ? ((await driver.unavailable?.()) ?? null)
      : `does not run on the ${databases.engine} engine; ${HOW_TO_RUN[databases.engine]}`
    if (why === null) drivers.push(driver)
    else if (options.named?.includes(driver.name)) throw new RangeError(`${driver.name}: ${why}`)
    else skipped.push({ what: driver.name, why })
  }
  for (const { what, why } of skipped) progress(`${what} is left out: ${why}`)

  try {
    const environment = await readEnvironment(databases)
    for (const warning of durabilityWarnings(environment)) progress(warning)
    const largest = Math.max(sizes.rows, sizes.bulkRows, ...sizes.scalingRows)
    progress(`making ${largest.toLocaleString('en')} vectors of ${sizes.dimensions} dimensions`)
    const dataset = createDataset({ ...sizes, rows: largest })
    const config = {
      profile: options.profile,
      ...sizes,
      drivers: drivers.map(({ name }) => name),
      scenarios: options.scenarios.map(({ name }) => name),
      data: dataset.digest(),
    }
    const fixtures = createFixtures(databases, dataset, progress)
    const records = await recordAll(drivers, fixtures, dataset.dimensions)
    const recorded = ({ name }: Driver) => records.get(name)
    const rowsAtMost = ({ name }: Driver) => sizes.rowsAtMost?.[name] ?? Number.POSITIVE_INFINITY
    const loaded = (driver: Driver, rows = sizes.rows) => fixtures.loaded(driver, rows)
    const comparable = createComparable({
      ...{ config, dataset, loaded, recorded, rowsAtMost, progress },
      funes: drivers.find(({ role }) => role === 'funes'),
    })
    const results: Result[] = []
    const failed: string[] = []
    for (const scenario of options.scenarios) {
      progress(`${scenario.name}: ${scenario.title}`)
      const given = {
        ...{ engine: databases.engine, config, dataset, loaded, comparable, recorded, rowsAtMost, progress },
        drivers: drivers.filter((driver) => scenario.hasOwnSizes || rowsAtMost(driver) >= sizes.rows),
        builtIn: fixtures.builtIn,
        writable: (driver: Driver) => fixtures.writable(driver, sizes.rows),
        empty: fixtures.empty,
      }
      // What took half an hour to measure is not thrown away because one more scenario could not be.
      const found = await scenario.run(given).catch((error: unknown): Result[] => {
        if (options.isInterrupted?.()) throw error
        progress(`${scenario.name} failed: ${inspect(error)}`)
        failed.push(scenario.name)
        skipped.push({ what: scenario.name, why: `failed: ${String(error).split('\n')[0]}` })
        return []
      })
      await fixtures.endScenario()
      results.push(...found)
      options.onResults?.(scenario, found)
    }
    const isWhole = options.isWhole ?? false
    return { report: { format: 1, environment, config, isWhole, results, skipped }, failed }
  } finally {
    await databases.dropAll()
  }
}

/** Has every driver find out beforehand what its sessions need to know, where it does no harm to what is measured. */
async function recordAll(
  drivers: readonly Driver[],
  fixtures: Fixtures,
  dimensions: number,
): Promise<ReadonlyMap<string, unknown>> {
  const records = new Map<string, unknown>()
  for (const driver of drivers) {
    if (driver.record === undefined) continue
    const database = await fixtures.empty(driver)
    records.set(driver.name, await driver.record(database, { dimensions }))
    await database.drop()
  }
  return records
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
