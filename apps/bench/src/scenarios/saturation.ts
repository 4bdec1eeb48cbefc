import type { Driver } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { createLatencies, p99Of } from '../measure/latencies.js'
import { callAtRate } from '../measure/open-loop.js'
import { median, spread } from '../measure/spread.js'
import type { Result, Spread } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf } from '../run/figures.js'
import { recordSearches, warmUp, withSession } from '../run/sessions.js'

const NAME = 'saturation'
const CONNECTIONS = 16

/** One driver's turn at one rate. */
async function arrive(context: ScenarioContext, driver: Driver, rate: number) {
  const { config } = context
  const effort = await context.comparable(driver)
  const database = await context.loaded(driver)
  return withSession(context, driver, { database, connections: CONNECTIONS }, async (session) => {
    await session.use(effort)
    const searches = recordSearches(context, session, { rows: config.rows })
    await warmUp((i) => Promise.all(Array.from({ length: CONNECTIONS }, () => searches.search(i))), 6)
    searches.forget()
    const arrivals = await callAtRate(rate, config.seconds, searches.search)
    return { ...arrivals, recall: (await searches.judged()).recall }
  })
}

type Arrived = Awaited<ReturnType<typeof arrive>>

/** A percentile over the rounds, unless refused calls hide it in one of them. */
function percentile(rounds: readonly Arrived[], p: number): Spread | undefined {
  const known = rounds.flatMap(({ ms }) => ms(p) ?? [])
  return known.length === rounds.length ? spread(known) : undefined
}

function figuresOf(rounds: readonly Arrived[]): Record<string, Spread> {
  const over = (figure: (round: Arrived) => number) => spread(rounds.map(figure))
  const p50Ms = percentile(rounds, 50)
  const p99Ms = rounds.some(({ refusedShare }) => refusedShare > 0)
    ? percentile(rounds, 99)
    : p99Of(rounds.map(({ latencies }) => latencies))
  return {
    recall: over(({ recall }) => recall),
    ...(p50Ms && { p50Ms }),
    ...(p99Ms && { p99Ms }),
    answeredPerSecond: over(({ achieved }) => achieved),
    refusedShare: over(({ refusedShare }) => refusedShare),
    senderLateMs: over(({ lateMs }) => lateMs),
  }
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const results: Result[] = []
  let able: readonly Driver[] = context.drivers
  for (const rate of config.arrivalRates) {
    const outcomes = await alternate(able, Math.min(3, config.rounds), (driver) =>
      arrive(context, driver, rate),
    )
    for (const [driver, rounds] of outcomes) {
      const { name } = await context.comparable(driver)
      const point = { arrivalsPerSecond: rate, effort: name, rows: config.rows }
      const all = createLatencies()
      for (const { latencies } of rounds) all.add(latencies)
      const isWhole = rounds.every(({ refusedShare }) => refusedShare === 0)
      const percentiles = isWhole ? { percentiles: all.percentiles() } : {}
      results.push(result(NAME, driver, point, figuresOf(rounds), percentiles))
    }
    // Past this the queue only grows: more arrivals would measure nothing but the length of the run.
    able = able.filter((driver) => {
      const rounds = outcomes.get(driver) ?? []
      return rounds.length > 0 && median(rounds.map(({ achieved }) => achieved)) >= 0.85 * rate
    })
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
    'Searches are due at fixed times, whether or not earlier ones have been answered, and are timed from when they were due: what a service feels near saturation. Calls that were refused count as slower than any that was answered. A driver leaves the race at the rate it no longer keeps up with.',
  run,
  charts,
}
