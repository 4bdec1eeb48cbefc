import type { Query } from '../dataset/row.js'
import type { Session } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'
import { withSessions } from '../run/sessions.js'

const NAME = 'batch'
const QUESTIONS = 100

const SINGLY = 'one after the other'

const WAYS = {
  'one after the other': async (session: Session, queries: readonly Query[], k: number) => {
    const found: string[][] = []
    for (const query of queries) found.push(await session.search({ query, k }))
    return found
  },
  'in one call': (session: Session, queries: readonly Query[], k: number) =>
    session.searchMany?.({ queries, k }) ?? Promise.resolve([]),
} as const

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config, dataset } = context
  const queries = Array.from(
    { length: QUESTIONS },
    (_, i) => dataset.queries[i % dataset.queries.length] as Query,
  )
  const judge = await dataset.judge(config.k, { rows: config.rows })
  const drivers = context.drivers.filter(({ role }) => role === 'funes')
  return withSessions({ ...context, drivers }, { connections: 1, database: context.loaded }, async (able) => {
    const turns = able.flatMap((contender) =>
      (Object.keys(WAYS) as (keyof typeof WAYS)[]).map((way) => ({ ...contender, way })),
    )
    const outcomes = await alternate(turns, config.rounds + 1, async ({ driver, session, way }) => {
      await session.use(await context.comparable(driver))
      const start = performance.now()
      const found = await WAYS[way](session, queries, config.k)
      const ms = (performance.now() - start) / QUESTIONS
      const recalls = found.map((ids, i) => judge.recall(queries[i] as Query, ids))
      return { ms, recall: recalls.reduce((sum, one) => sum + one, 0) / QUESTIONS }
    })
    return [...outcomes].map(([{ driver, way }, rounds]) => {
      // The first round made the plans.
      const measured = rounds.slice(1)
      const point = { way, questions: QUESTIONS, rows: config.rows }
      const [, singly = []] =
        [...outcomes].find(([turn]) => turn.driver === driver && turn.way === SINGLY) ?? []
      const times = measured.map(({ ms }, i) => ms / (singly[i + 1]?.ms ?? Number.NaN))
      return result(NAME, driver, point, {
        ...(way !== SINGLY && { timesOneByOne: spread(times) }),
        recall: spread(measured.map(({ recall }) => recall)),
        msPerQuestion: spread(measured.map(({ ms }) => ms)),
      })
    })
  })
}

export const scenario: Scenario = {
  name: NAME,
  order: 3.7,
  title: 'Many questions at once',
  about:
    'A hundred questions, one call each and all in one call: what round trips and plans cost. timesOneByOne is how long the one call took, in parts of the hundred.',
  run,
  charts: (results) => [
    barsOf(results, 'msPerQuestion', { title: 'For each question', label: 'ms', key: 'way' }),
  ],
}
