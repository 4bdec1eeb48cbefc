import type { Query } from '../dataset/row.js'
import type { Scope } from '../dataset/scopes.js'
import type { Session, WordSearchMode } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures, type Round } from '../run/figures.js'
import { warmUp, withSessions } from '../run/sessions.js'

const NAME = 'hybrid'
const MODES: readonly WordSearchMode[] = ['vector', 'text', 'hybrid', 'hybrid with context']
const SHARES = [0.001, 0.01, 0.1, 0.5]

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  return withSessions(context, { connections: 1, database: context.loaded }, async (contenders) => {
    const turns = contenders.flatMap((contender) =>
      contender.session.searchWords ? MODES.map((mode) => ({ ...contender, mode })) : [],
    )
    const results: Result[] = []
    for (const share of SHARES.filter((one) => one * config.rows >= config.k)) {
      const outcomes = await alternate(turns, config.rounds, ({ session, mode }) =>
        measure(context, session, { scope: { by: 'user', share }, mode }),
      )
      for (const [{ driver, mode }, rounds] of outcomes) {
        const point = { mode, memories: Math.round(share * config.rows) }
        results.push(result(NAME, driver, point, loopFigures(rounds, 'searchesPerSecond')))
      }
    }
    return results
  })
}

async function measure(
  { config, dataset }: ScenarioContext,
  session: Session,
  request: { scope: Scope; mode: WordSearchMode },
): Promise<Round> {
  const found: { query: Query; ids: string[] }[] = []
  const search = async (i: number) => {
    const query = dataset.queries[i % dataset.queries.length] as Query
    found.push({ query, ids: (await session.searchWords?.({ ...request, query, k: config.k })) ?? [] })
  }
  await warmUp(search)
  found.length = 0
  const loop = await callInTurn(Math.ceil(config.queries / 2), search)
  const hits = found.flatMap(({ query, ids }) => ids.map((id) => dataset.isOnTopic(query, id)))
  return { loop, onTopic: hits.filter(Boolean).length / Math.max(1, hits.length) }
}

export const scenario: Scenario = {
  name: NAME,
  order: 3.5,
  title: 'Search by meaning, by words, and by both',
  about:
    'Within one user of few or many memories. onTopicShare is the share of hits whose subject is the one of the query: text and vector of a memory are both made from it. How much better both find what people ask for is measured on real questions, by `bench retrieval`.',
  run,
  charts: (results): Chart[] => {
    const byMode = results.map((one) => ({ ...one, driver: String(one.point.mode) }))
    const x = { label: 'memories of the user', log: true }
    return [
      linesOf(byMode, 'p50Ms', {
        ...{ key: 'memories', x, title: 'Latency by kind of search' },
        y: { label: 'p50 (ms)', log: true },
      }),
    ]
  },
}
