import { callAtRate } from '../measure/open-loop.js'
import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf } from '../run/figures.js'
import { recordSearches, warmUp, withSession } from '../run/sessions.js'

const NAME = 'saturation'
const CONNECTIONS = 16

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const results: Result[] = []
  const overrun = new Set<string>()
  for (const rate of config.arrivalRates) {
    for (const driver of context.drivers) {
      if (overrun.has(driver.name)) continue
      const effort = await context.comparable(driver)
      const database = await context.loaded(driver)
      await withSession(context, driver, { database, connections: CONNECTIONS }, async (session) => {
        await session.use(effort)
        const searches = recordSearches(context, session, { rows: config.rows })
        await warmUp((i) => Promise.all(Array.from({ length: CONNECTIONS }, () => searches.search(i))), 6)
        searches.forget()
        const { latencies, achieved, refusedShare, lateMs } = await callAtRate(
          rate,
          config.seconds,
          searches.search,
        )
        const point = { arrivalsPerSecond: rate, effort: effort.name, rows: config.rows }
        const figures = {
          recall: once((await searches.judged()).recall),
          p50Ms: once(latencies.ms(50)),
          p99Ms: once(latencies.ms(99)),
          answeredPerSecond: once(achieved),
          refusedShare: once(refusedShare),
          senderLateMs: once(lateMs),
        }
        results.push(result(NAME, driver, point, figures, { percentiles: latencies.percentiles() }))
        // Past this the queue only grows: more arrivals would measure nothing but the length of the run.
        if (achieved < 0.85 * rate) overrun.add(driver.name)
      })
    }
  }
  return results
}

function charts(results: readonly Result[]): Chart[] {
  return [
    linesOf(results, 'p99Ms', {
      ...{ key: 'arrivalsPerSecond', title: 'Latency by arrivals, waiting included' },
      x: { label: 'searches arriving a second', log: true },
      y: { label: 'p99 (ms)', log: true },
    }),
  ]
}

export const scenario: Scenario = {
  name: NAME,
  order: 5,
  title: 'Searches arriving at a fixed rate',
  about:
    'Searches are due at fixed times, whether or not earlier ones have been answered, and are timed from when they were due: what a service feels near saturation. A driver leaves the race at the rate it no longer keeps up with.',
  run,
  charts,
}
