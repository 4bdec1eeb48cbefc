import { alternate } from '../measure/alternate.js'
import { callSideBySide } from '../measure/closed-loop.js'
import { createLatencies } from '../measure/latencies.js'
import { spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { createNewRows, recordSearches, withSession } from '../run/sessions.js'

const NAME = 'mixed'
const CLIENTS = 8
/** One call in so many stores a memory. */
const WRITE_EVERY = 10

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const newRows = createNewRows(context)
  const outcomes = await alternate(context.drivers, config.rounds, async (driver) => {
    const effort = await context.comparable(driver)
    const database = await context.writable(driver)
    return withSession(context, driver, { database, connections: CLIENTS }, async (session) => {
      await session.use(effort)
      const searches = recordSearches(context, session, { rows: config.rows })
      await callSideBySide(CLIENTS, config.seconds / 2, searches.search)
      searches.forget()
      const reads = createLatencies()
      const writes = createLatencies()
      const loop = await callSideBySide(CLIENTS, config.seconds, async (i) => {
        const isWrite = i % WRITE_EVERY === WRITE_EVERY - 1
        const [row] = isWrite ? newRows(1) : []
        const before = performance.now()
        await (row ? session.add(row) : searches.search(i))
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
          searchP99Ms: spread(rounds.map(({ reads }) => reads.ms(99))),
          addP50Ms: spread(rounds.map(({ writes }) => writes.ms(50))),
          addP99Ms: spread(rounds.map(({ writes }) => writes.ms(99))),
        },
      ),
    ),
  )
}

export const scenario: Scenario = {
  name: NAME,
  order: 8,
  title: 'Searching while memories are stored',
  about: 'Eight clients; nine calls in ten search and one stores a memory.',
  run,
  charts: (results) => [
    barsOf(results, 'callsPerSecond', {
      title: 'Calls a second, one in ten a write',
      label: 'calls a second',
    }),
    barsOf(results, 'searchP99Ms', { title: 'Searches meanwhile', label: 'search p99 (ms)' }),
  ],
}
