import { FILTERS, SCOPES, type Scope } from '../dataset/scopes.js'
import type { Driver, Effort, Session } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { callByTurns, type LoopResult } from '../measure/closed-loop.js'
import { once, spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures, type Round } from '../run/figures.js'
import { type Contender, recordSearches, warmUp, withSessions } from '../run/sessions.js'

const NAME = 'filtered'

/** Beside each filter stands the search without one: the difference is what the filter costs. */
const EVERYONE = { by: 'everyone', share: 1 } as const

type Place = Scope | typeof EVERYONE

const percentOf = ({ share }: Place) => Number((share * 100).toPrecision(3))
const scopeOf = (place: Place) => (place.by === 'everyone' ? {} : { scope: place })
const queriesAt = ({ dataset }: ScenarioContext, place: Place) =>
  dataset.queriesWithin(place.by === 'everyone' ? undefined : place)

/** Where every driver is measured. Funes, whose promise it is, at all shares. */
const SHARED = [1, 0.5, 0.1, 0.01] as const

const isMeasured = ({ role, filters }: Driver, { by, share }: Place) =>
  (by === 'everyone' || filters.includes(by)) && (role === 'funes' || SHARED.some((one) => one === share))

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

/**
 * How often is warmed up, and what part of the queries is asked: less of peers, which promise nothing of filters. Who repeats
 * Funes's statements is asked the very same: the slowest of half as many questions told of the questions, not of the client.
 */
const EFFORT = { promised: { times: 20, share: 1 / 2 }, compared: { times: 5, share: 1 / 4 } } as const

/** A driver's turn: searches under the filter, each followed by the same search without it. */
async function measure(
  context: ScenarioContext,
  { driver, session, effort }: Contender & { effort: Effort },
  place: Place,
): Promise<Round & { timesUnfiltered: number }> {
  const { rows, queries: count } = context.config
  await session.use(effort)
  const queries = queriesAt(context, place)
  const searches = recordSearches(context, session, { rows, ...scopeOf(place) }, { queries })
  const unfiltered = recordSearches(context, session, { rows }, { queries })
  const { times, share } = driver.role === 'peer' ? EFFORT.compared : EFFORT.promised
  await warmUp((i) => searches.search(i).then(() => unfiltered.search(i)), times)
  searches.forget()
  const calls = place.by === 'everyone' ? [searches.search] : [searches.search, unfiltered.search]
  const [loop, beside = loop] = (await callByTurns(Math.ceil(share * count), calls)) as [
    LoopResult,
    LoopResult?,
  ]
  return {
    ...{ loop, ...(await searches.judged()) },
    timesUnfiltered: loop.latencies.ms(95) / beside.latencies.ms(95),
  }
}

/** How many searches are asked for the way they went. */
const EXPLAINED = 8

/** The share of searches that the index answered, comparing nothing one by one; undefined where a driver cannot tell. */
async function throughIndex(
  context: ScenarioContext,
  { session, effort }: Contender & { effort: Effort },
  place: Place,
): Promise<number | undefined> {
  if (session.pathOf === undefined) return undefined
  await session.use(effort)
  const queries = queriesAt(context, place).slice(0, EXPLAINED)
  let index = 0
  for (const query of queries) {
    const path = await session.pathOf({ query, k: context.config.k, ...scopeOf(place) })
    if (path === 'index') index += 1
  }
  return index / queries.length
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config, dataset } = context
  const all = Array.from({ length: config.rows }, (_, i) => i)
  const hasRows = (scope: Scope) => all.some((index) => dataset.includes(scope, index))
  const places: Place[] = [EVERYONE, ...SCOPES.filter(hasRows)]
  return withSessions(context, { connections: 1, database: context.loaded }, async (contenders) => {
    const results: Result[] = []
    const turns: (Contender & { effort: Effort })[] = []
    for (const contender of contenders) {
      const efforts = await effortsOf(context, contender.driver, contender.session)
      turns.push(...efforts.map((effort) => ({ ...contender, effort })))
    }
    for (const place of places) {
      context.progress(`${NAME}: ${place.by}, ${percentOf(place)} %`)
      const able = turns.filter(({ driver }) => isMeasured(driver, place))
      const outcomes = await alternate(able, config.rounds, (turn) => measure(context, turn, place))
      for (const [turn, rounds] of outcomes) {
        const { driver, effort } = turn
        const point = {
          ...{ by: place.by, sharePercent: percentOf(place), effort: effort.name, rows: config.rows },
        }
        const byIndex = await throughIndex(context, turn, place)
        const figures = {
          ...loopFigures(rounds, 'searchesPerSecond'),
          p95TimesUnfiltered: spread(rounds.map(({ timesUnfiltered }) => timesUnfiltered)),
          ...(byIndex !== undefined && { throughIndexShare: once(byIndex) }),
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
    'One user, one session of the largest user, a label in the metadata of anyone, or a topic: the filter leaves from half of all memories down to one in ten thousand. A label has nothing to do with what a memory means; a topic has, and is asked about something else, so that what is near is not wanted. Does recall survive it, do k rows come, and what does it cost? shortShare is the share of searches that gave fewer rows than there are, throughIndexShare of those that the index answered alone. Peers are asked the first half of the questions. p95TimesUnfiltered is against the same searches without the filter, one after each.',
  run,
  charts,
}
