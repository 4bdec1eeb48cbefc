import { alternate } from '../measure/alternate.js'
import { once, spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { recallOf, withSessions } from '../run/sessions.js'

const NAME = 'counters'

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config, dataset } = context
  return withSessions(context, { connections: 1, database: context.writable }, async (contenders) => {
    const able = contenders.filter(({ session }) => session.touch !== undefined)
    const rows = [...dataset.rows(0, config.touched)]
    // The first time makes the counters' rows, later ones raise them.
    for (const { session } of able) await session.touch?.(rows)
    const outcomes = await alternate(able, config.rounds, async ({ session }) => {
      const start = performance.now()
      await session.touch?.(rows)
      return performance.now() - start
    })
    const results: Result[] = []
    for (const [{ driver, session }, times] of outcomes) {
      // Counting must not cost what searches find.
      await session.use(await context.comparable(driver))
      const recall = once(await recallOf(context, session, { rows: config.rows }))
      const point = { touched: rows.length, rows: config.rows }
      results.push(result(NAME, driver, point, { recall, ms: spread(times) }))
    }
    return results
  })
}

export const scenario: Scenario = {
  name: NAME,
  order: 11,
  title: 'Raising access counters',
  about:
    'Each search result that was used is counted. Where the counter stands in the row of the vector, every update can enter the vector index again; "pg-minimal" has it there, "pg" in a table that has no vector index at all.',
  run,
  charts: (results) => [barsOf(results, 'ms', { title: 'Counting, one statement', label: 'ms' })],
}
