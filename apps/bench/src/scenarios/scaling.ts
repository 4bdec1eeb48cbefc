import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import { fitGrowth } from '../measure/growth.js'
import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures } from '../run/figures.js'
import { recordSearches, warmUp, withSessions } from '../run/sessions.js'

const NAME = 'scaling'

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const results: Result[] = []
  for (const rows of config.scalingRows) {
    // Peers that need an hour to load a million rows are compared at the sizes they share.
    const drivers = context.drivers.filter(
      (driver) => rows <= context.rowsAtMost(driver) && (rows <= 100_000 || driver.role !== 'peer'),
    )
    context.progress(`${NAME}: ${rows.toLocaleString('en')} rows`)
    const database = (driver: (typeof drivers)[number]) => context.loaded(driver, rows)
    await withSessions({ ...context, drivers }, { connections: 1, database }, async (contenders) => {
      const outcomes = await alternate(contenders, config.rounds, async ({ driver, session }) => {
        await session.use(await context.comparable(driver))
        const searches = recordSearches(context, session, { rows })
        await warmUp(searches.search)
        searches.forget()
        const loop = await callInTurn(config.queries, searches.search)
        return { loop, recall: (await searches.judged()).recall }
      })
      for (const [{ driver }, rounds] of outcomes) {
        const { name } = await context.comparable(driver)
        const figures = loopFigures(rounds, 'searchesPerSecond')
        results.push(result(NAME, driver, { rows, effort: name }, figures))
      }
    })
  }
  return [...results, ...growths(context, results)]
}

/** How the median latency grows: latency ~ rows ^ exponent. */
function growths(context: ScenarioContext, results: readonly Result[]): Result[] {
  return context.drivers.flatMap((driver) => {
    const points = results
      .filter((one) => one.driver === driver.name)
      .map(({ point, figures }) => ({ size: Number(point.rows), cost: figures.p50Ms?.median ?? 0 }))
    if (points.length < 2) return []
    const { exponent } = fitGrowth(points)
    return [result(NAME, driver, { effort: 'fit' }, { growthExponent: once(exponent) })]
  })
}

export const scenario: Scenario = {
  name: NAME,
  order: 10,
  hasOwnSizes: true,
  title: 'The same search over ever more memories',
  about:
    'Latency and recall from a thousand rows upwards at an unchanged effort. The exponent says how latency grows with rows: 0 not at all, 1 in proportion.',
  run,
  charts: (results) => {
    const x = { label: 'memories', log: true }
    return [
      linesOf(results, 'p50Ms', {
        ...{ key: 'rows', x, title: 'Search latency by number of memories' },
        y: { label: 'p50 (ms)', log: true },
      }),
      linesOf(results, 'recall', {
        ...{ key: 'rows', x, title: 'Recall at the same effort' },
        y: { label: 'recall@10' },
      }),
    ]
  },
}
