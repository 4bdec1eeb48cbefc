import { includes, SCOPES, type Scope } from '../dataset/scopes.js'
import type { Driver, Effort, Session } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { callByTurns, type LoopResult } from '../measure/closed-loop.js'
import { spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures, type Round } from '../run/figures.js'
import { type Contender, recordSearches, warmUp, withSessions } from '../run/sessions.js'

const NAME = 'filtered'
const FILTERS = ['user', 'session', 'metadata'] as const

/** Beside each filter stands the search without one: the difference is what the filter costs. */
const EVERYONE = { by: 'everyone', share: 1 } as const

type Place = Scope | typeof EVERYONE

const scopeOf = (place: Place) => (place.by === 'everyone' ? {} : { scope: place })
const canSearch = (driver: Driver, { by }: Place) => by === 'everyone' || driver.filters.includes(by)

/**
 * Funes, which promises to need no settings, and the statements of its kind search by default; others with the effort
 * that reaches the recall floor without a filter, and with what is advised for filters.
 */
async function effortsOf(context: ScenarioContext, driver: Driver, session: Session): Promise<Effort[]> {
  const effort = session.efforts.find(({ isDefault }) => isDefault)
  if (driver.role !== 'peer' && effort !== undefined) return [effort]
  const comparable = await context.comparable(driver)
  return [comparable, ...session.efforts.filter((one) => one.isForFilters && one !== comparable)]
}

/** A driver's turn: searches under the filter, each followed by the same search without it. */
async function measure(
  context: ScenarioContext,
  { session, effort }: Contender & { effort: Effort },
  place: Place,
): Promise<Round & { timesUnfiltered: number }> {
  const { rows, queries } = context.config
  await session.use(effort)
  const searches = recordSearches(context, session, { rows, ...scopeOf(place) })
  const unfiltered = recordSearches(context, session, { rows })
  await warmUp((i) => searches.search(i).then(() => unfiltered.search(i)))
  searches.forget()
  const calls = place.by === 'everyone' ? [searches.search] : [searches.search, unfiltered.search]
  const [loop, beside = loop] = (await callByTurns(Math.ceil(queries / 2), calls)) as [
    LoopResult,
    LoopResult?,
  ]
  return {
    ...{ loop, ...(await searches.judged()) },
    timesUnfiltered: loop.latencies.ms(95) / beside.latencies.ms(95),
  }
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const all = Array.from({ length: config.rows }, (_, i) => i)
  const places: Place[] = [EVERYONE, ...SCOPES.filter((scope) => all.some((index) => includes(scope, index)))]
  return withSessions(context, { connections: 1, database: context.loaded }, async (contenders) => {
    const results: Result[] = []
    const turns: (Contender & { effort: Effort })[] = []
    for (const contender of contenders) {
      const efforts = await effortsOf(context, contender.driver, contender.session)
      turns.push(...efforts.map((effort) => ({ ...contender, effort })))
    }
    for (const place of places) {
      context.progress(`${NAME}: ${place.by}, ${place.share * 100} %`)
      const able = turns.filter(({ driver }) => canSearch(driver, place))
      const outcomes = await alternate(able, config.rounds, (turn) => measure(context, turn, place))
      for (const [{ driver, effort }, rounds] of outcomes) {
        const { by, share } = place
        const point = { by, sharePercent: share * 100, effort: effort.name, rows: config.rows }
        const figures = {
          ...loopFigures(rounds, 'searchesPerSecond'),
          p95TimesUnfiltered: spread(rounds.map(({ timesUnfiltered }) => timesUnfiltered)),
        }
        results.push(result(NAME, driver, point, figures))
      }
    }
    return results
  })
}

function charts(all: readonly Result[]): Chart[] {
  // A driver with two efforts is two lines.
  const results = all.map((one) =>
    String(one.point.effort).endsWith('iterative scan')
      ? { ...one, driver: `${one.driver}, iterative scan` }
      : one,
  )
  return FILTERS.flatMap((by) => {
    const own = results.filter(({ point }) => point.by === by || point.by === 'everyone')
    const look = { key: 'sharePercent', x: { label: `the ${by}'s share of all memories (%)`, log: true } }
    return [
      linesOf(own, 'recall', {
        ...{ ...look, title: `Recall within one ${by}` },
        y: { label: 'recall@10', from: 0 },
      }),
      linesOf(own, 'p95Ms', {
        ...{ ...look, title: `Latency within one ${by}` },
        y: { label: 'p95 (ms)', log: true },
      }),
    ]
  })
}

export const scenario: Scenario = {
  name: NAME,
  order: 3,
  title: 'Search under a filter',
  about:
    'One user, one session of the largest user, or a label in the metadata of anyone: the filter leaves from half of all memories down to one in ten thousand. Does recall survive it, do k rows come, and what does it cost? shortShare is the share of searches that gave fewer rows than there are. p95TimesUnfiltered is against the same searches without the filter, one after each.',
  run,
  charts,
}
