import type { Query } from '../dataset/row.js'
import type { Scope } from '../dataset/scopes.js'
import type { Session, WordSearchMode } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { linesOf, loopFigures, type Round } from '../run/figures.js'
import { warmUp, withSessions } from '../run/sessions.js'

const NAME = 'hybrid'
const MODES: readonly WordSearchMode[] = ['vector', 'text', 'hybrid', 'hybrid with context']
const SHARES = [0.001, 0.01, 0.1, 0.5]

/** One search in so many is held against the same that compares every vector, which takes long. */
const HELD_EVERY = 10

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  return withSessions(context, { connections: 1, database: context.loaded }, async (contenders) => {
    const turns = contenders.flatMap((contender) =>
      contender.session.searchWords ? MODES.map((mode) => ({ ...contender, mode })) : [],
    )
    const results: Result[] = []
    for (const share of SHARES.filter((one) => one * config.rows >= config.k)) {
      const scope: Scope = { by: 'user', share }
      const outcomes = await alternate(turns, config.rounds, ({ session, mode }) =>
        measure(context, session, { scope, mode }),
      )
      for (const [{ driver, session, mode }, rounds] of outcomes) {
        const point = { mode, memories: Math.round(share * config.rows) }
        const recall = await recallOf(context, session, { scope, mode })
        const figures = { recall: once(recall), ...loopFigures(rounds, 'searchesPerSecond') }
        results.push(result(NAME, driver, point, figures))
      }
    }
    return results
  })
}

interface WordRequest {
  readonly scope: Scope
  readonly mode: WordSearchMode
}

async function measure(
  { config, dataset }: ScenarioContext,
  session: Session,
  request: WordRequest,
): Promise<Round> {
  const found: { query: Query; ids: string[] }[] = []
  const search = async (i: number) => {
    const query = dataset.queries[i % dataset.queries.length] as Query
    found.push({ query, ids: (await session.searchWords?.({ ...request, query, k: config.k })) ?? [] })
  }
  await warmUp(search, 5)
  found.length = 0
  const loop = await callInTurn(Math.ceil(config.queries / 2), search)
  const hits = found.flatMap(({ query, ids }) => ids.map((id) => dataset.isOnTopic(query, id)))
  return { loop, onTopic: hits.filter(Boolean).length / Math.max(1, hits.length) }
}

/** By meaning the true recall; with words, how much there is of what the same search finds that compares every vector. */
async function recallOf(
  { config, dataset }: ScenarioContext,
  session: Session,
  request: WordRequest,
): Promise<number> {
  const { k, rows } = config
  const judge = await dataset.judge(k, { rows, scope: request.scope })
  const queries = dataset.queries.filter((_, i) => i % HELD_EVERY === 0)
  let sum = 0
  for (const query of queries) {
    const ask = (isExact: boolean) => session.searchWords?.({ ...request, query, k, isExact })
    const found = (await ask(false)) ?? []
    if (request.mode === 'vector') sum += judge.recall(query, found)
    else {
      const wanted = new Set(await ask(true))
      sum += wanted.size === 0 ? 1 : found.filter((id) => wanted.has(id)).length / wanted.size
    }
  }
  return sum / queries.length
}

export const scenario: Scenario = {
  name: NAME,
  order: 3.5,
  title: 'Search by meaning, by words, and by both',
  about:
    'Within one user of few or many memories. recall is by meaning the true one, with words the share of what the same search finds that compares every vector. onTopicShare is the share of hits whose subject is the one of the query: text and vector of a memory are both made from it. How much better both find what people ask for is measured on real questions, by `bench retrieval`.',
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
