import type { Row } from '../dataset/row.js'
import { alternate } from '../measure/alternate.js'
import { callSideBySide } from '../measure/closed-loop.js'
import { createLatencies, p99Of } from '../measure/latencies.js'
import { spread } from '../measure/spread.js'
import type { Result, Spread } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { createNewRows, recordSearches, withSession } from '../run/sessions.js'

const NAME = 'mixed'
const CLIENTS = 8
/** One call in so many stores a memory. */
const WRITE_EVERY = 10

const named = (name: string, figure: Spread | undefined) => (figure ? { [name]: figure } : {})

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const newRows = createNewRows(context)
  // Drivers of one storage write into the same database.
  const storedIn = new Map<string, Row[]>()
  const outcomes = await alternate(context.drivers, config.rounds, async (driver) => {
    const effort = await context.comparable(driver)
    const database = await context.writable(driver)
    return withSession(context, driver, { database, connections: CLIENTS }, async (session) => {
      await session.use(effort)
      const { name } = driver.storage
      const stored = storedIn.get(name) ?? []
      storedIn.set(name, stored)
      const searches = recordSearches(context, session, { rows: config.rows }, { stored })
      await callSideBySide(CLIENTS, config.seconds / 2, searches.search)
      searches.forget()
      const reads = createLatencies()
      const writes = createLatencies()
      const loop = await callSideBySide(CLIENTS, config.seconds, async (i) => {
        const isWrite = i % WRITE_EVERY === WRITE_EVERY - 1
        const [row] = isWrite ? newRows(1) : []
        const before = performance.now()
        await (row ? session.add(row) : searches.search(i))
        // From here on every search has to find it.
        if (row) stored.push(row)
        const latencies = row ? writes : reads
        latencies.record(performance.now() - before)
      })
      return { loop, reads, writes, recall: (await searches.judged()).recall }
    })
  })
  return Promise.all(
    [...outcomes].map(async ([driver, rounds]) =>
      result(
        NAME,
        driver,
        {
          clients: CLIENTS,
          writePercent: 100 / WRITE_EVERY,
          effort: (await context.comparable(driver)).name,
        },
        {
          recall: spread(rounds.map(({ recall }) => recall)),
          callsPerSecond: spread(rounds.map(({ loop }) => loop.calls / loop.seconds)),
          searchP50Ms: spread(rounds.map(({ reads }) => reads.ms(50))),
          ...named('searchP99Ms', p99Of(rounds.map(({ reads }) => reads))),
          addP50Ms: spread(rounds.map(({ writes }) => writes.ms(50))),
          ...named('addP99Ms', p99Of(rounds.map(({ writes }) => writes))),
        },
      ),
    ),
  )
}

export const scenario: Scenario = {
  name: NAME,
  order: 8,
  title: 'Searching while memories are stored',
  about:
    'Eight clients; nine calls in ten search and one stores a memory. What had been stored when a search began has to be in its answer.',
  run,
  charts: (results) => [
    barsOf(results, 'callsPerSecond', {
      title: 'Calls a second, one in ten a write',
      label: 'calls a second',
    }),
    barsOf(results, 'searchP99Ms', { title: 'Searches meanwhile', label: 'search p99 (ms)' }),
  ],
}
