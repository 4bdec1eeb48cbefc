import { resolve } from 'node:path'
import { namesOf, numberOf, type Options } from '../arguments.js'
import { loadFloors, verdictOf } from '../gate/gate.js'
import { PROFILES, type Profile, type Sizes, sizesOf } from '../profile.js'
import { writeReport } from '../report/write.js'
import { loadDrivers, loadScenarios, select } from '../run/discover.js'
import { runBench } from '../run/run.js'
import { embeddedDatabases, serverDatabases } from '../storage/database.js'
import { printTable } from '../table.js'
import { dropOnInterrupt } from './interrupt.js'

function profileOf(name = 'standard'): Profile {
  const profile = PROFILES.find((known) => known === name)
  if (!profile) throw new RangeError(`There is no profile ${name}; there are ${PROFILES.join(', ')}.`)
  return profile
}

/** The profile's sizes with what the command line has instead. No scenario grows past the rows asked for. */
function applyOptions(sizes: Sizes, options: Options): Sizes {
  const rows = numberOf('rows', options.rows) ?? sizes.rows
  const scalingRows = options.rows
    ? [...sizes.scalingRows.filter((size) => size < rows), rows]
    : sizes.scalingRows
  const clients = namesOf(options.clients)?.map((n) => numberOf('clients', n) as number)
  if (clients?.length === 0) throw new RangeError('--clients must be natural numbers, separated by commas.')
  return {
    ...sizes,
    rows,
    scalingRows,
    users: numberOf('users', options.users) ?? sizes.users,
    bulkRows: Math.min(sizes.bulkRows, rows),
    touched: Math.min(sizes.touched, rows),
    dimensions: numberOf('dimensions', options.dimensions) ?? sizes.dimensions,
    rounds: numberOf('rounds', options.rounds) ?? sizes.rounds,
    queries: numberOf('queries', options.queries) ?? sizes.queries,
    clients: clients ?? sizes.clients,
    seed: numberOf('seed', options.seed) ?? sizes.seed,
  }
}

/** Measures and writes the results; returns an exit code. */
export async function runCommand(options: Options): Promise<number> {
  const url = options.embedded
    ? undefined
    : (options.url ?? (process.env.FUNES_TEST_DATABASE_URL || undefined))
  const databases = url === undefined ? embeddedDatabases() : serverDatabases(url)
  const profile = profileOf(options.profile)
  const start = performance.now()
  const progress = (text: string) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0).padStart(5)
    process.stderr.write(`${seconds} s  ${text}\n`)
  }
  const named = { drivers: namesOf(options.driver), scenarios: namesOf(options.scenario) }
  const asked = {
    profile,
    sizes: applyOptions(sizesOf(profile, databases.engine), options),
    drivers: select(await loadDrivers(), named.drivers),
    named: named.drivers,
    scenarios: select(await loadScenarios(), named.scenarios),
    isWhole: named.drivers === undefined && named.scenarios === undefined,
  }
  let interrupted = false
  const stopListening = dropOnInterrupt(databases, () => {
    interrupted = true
    progress('interrupted: dropping the databases of this run')
  })
  const done = await runBench({
    ...asked,
    databases,
    progress,
    isInterrupted: () => interrupted,
    onResults: (scenario, results) => console.log(`\n${scenario.title}\n\n${printTable(results)}\n`),
  })
    .catch((error: unknown) => {
      if (!interrupted) throw error
    })
    .finally(stopListening)
  if (!done) return 130
  const { report, failed } = done
  const folder = resolve(
    options.out ?? `.cache/bench/${report.environment.date.slice(0, 19).replaceAll(':', '-')}`,
  )
  const { json, html } = await writeReport(report, folder)
  progress(`wrote ${json} and ${html}`)
  if (failed.length > 0) progress(`failed: ${failed.join(', ')}`)
  const verdict = options.gate ? verdictOf(report, loadFloors()).print() : 0
  return failed.length > 0 ? 1 : verdict
}
