import { SHARES, shareUser } from '../dataset/owners.js'
import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures } from '../run/figures.js'
import { recordSearches, warmUp, withSessions } from '../run/sessions.js'

const NAME = 'filtered'

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  // A user must have k memories to have k nearest.
  const shares = SHARES.filter((share) => share * config.rows >= 2 * config.k)
  return withSessions(context, { connections: 1, database: context.loaded }, async (contenders) => {
    const results: Result[] = []
    for (const { driver, session } of contenders) await session.use(await context.comparable(driver))
    for (const share of shares) {
      const outcomes = await alternate(contenders, config.rounds, async ({ session }) => {
        const among = { rows: config.rows, userId: shareUser(share) }
        const searches = recordSearches(context, session, among)
        await warmUp(searches.search)
        searches.forget()
        const loop = await callInTurn(Math.ceil(config.queries / 2), searches.search)
        return { loop, recall: await searches.recall() }
      })
      for (const [{ driver }, rounds] of outcomes) {
        const { name } = await context.comparable(driver)
        const point = { sharePercent: share * 100, effort: name, rows: config.rows }
        results.push(result(NAME, driver, point, loopFigures(rounds, 'searchesPerSecond')))
      }
    }
    return results
  })
}

function charts(results: readonly Result[]): Chart[] {
  const key = 'sharePercent'
  const x = { label: "the user's share of all memories (%)", log: true }
  return [
    linesOf(results, 'recall', {
      ...{ key, x, title: 'Recall within one user' },
      y: { label: 'recall@10', from: 0 },
    }),
    linesOf(results, 'p50Ms', {
      ...{ key, x, title: 'Latency within one user' },
      y: { label: 'p50 (ms)', log: true },
    }),
  ]
}

export const scenario: Scenario = {
  name: NAME,
  order: 3,
  title: 'Search within one user',
  about: 'The filter leaves from half of all memories down to one in a thousand: does recall survive it?',
  run,
  charts,
}
