import { alternate } from '../measure/alternate.js'
import { callSideBySide } from '../measure/closed-loop.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures } from '../run/figures.js'
import { recordSearches, withSession } from '../run/sessions.js'

const NAME = 'concurrency'

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const results: Result[] = []
  for (const clients of config.clients) {
    context.progress(`${NAME}: ${clients} clients`)
    // Each turn has the server for itself: sessions of all drivers at once would be hundreds of connections.
    const outcomes = await alternate(context.drivers, config.rounds, async (driver) => {
      const effort = await context.comparable(driver)
      const database = await context.loaded(driver)
      return withSession(context, driver, { database, connections: clients }, async (session) => {
        await session.use(effort)
        const searches = recordSearches(context, session, { rows: config.rows })
        // Every connection plans its statement anew, five times before it may keep a plan.
        await callSideBySide(clients, config.seconds / 2, searches.search)
        searches.forget()
        const loop = await callSideBySide(clients, config.seconds, searches.search)
        return { loop, recall: (await searches.judged()).recall }
      })
    })
    for (const [driver, rounds] of outcomes) {
      const { name } = await context.comparable(driver)
      const point = { clients, effort: name, rows: config.rows }
      results.push(result(NAME, driver, point, loopFigures(rounds, 'searchesPerSecond')))
    }
  }
  return results
}

function charts(results: readonly Result[]): Chart[] {
  const x = { label: 'clients', log: true }
  return [
    linesOf(results, 'searchesPerSecond', {
      ...{ key: 'clients', x, title: 'Throughput by number of clients' },
      y: { label: 'searches a second', log: true },
    }),
    linesOf(results, 'p99Ms', {
      ...{ key: 'clients', x, title: 'What each client waits' },
      y: { label: 'p99 (ms)', log: true },
    }),
  ]
}

export const scenario: Scenario = {
  name: NAME,
  order: 4,
  title: 'Many clients searching side by side',
  about:
    'Each client sends its next search when the last is answered. Every driver searches with the least effort that reaches the recall floor.',
  run,
  charts,
}
