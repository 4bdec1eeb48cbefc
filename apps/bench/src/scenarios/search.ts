import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import { createLatencies } from '../measure/latencies.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { loopFigures, percentileLines } from '../run/figures.js'
import { type Contender, recordSearches, warmUp, withSessions } from '../run/sessions.js'

const NAME = 'search'

/** The efforts of all drivers in one list, so that each round visits every one of them. */
function turns(contenders: readonly Contender[]) {
  return contenders.flatMap(({ driver, session }) =>
    session.efforts.map((effort) => ({ driver, session, effort, latencies: createLatencies() })),
  )
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  return withSessions(context, { connections: 1, database: context.loaded }, async (contenders) => {
    const outcomes = await alternate(turns(contenders), config.rounds, async (turn) => {
      await turn.session.use(turn.effort)
      const searches = recordSearches(context, turn.session, { rows: config.rows })
      // Each question once: the first turn after a driver that reads the whole table is as warm as any other.
      await warmUp(searches.search, config.queries)
      searches.forget()
      const loop = await callInTurn(config.queries, searches.search)
      turn.latencies.add(loop.latencies)
      return { loop, recall: (await searches.judged()).recall }
    })
    return [...outcomes].map(([{ driver, effort, latencies }, rounds]) =>
      result(
        NAME,
        driver,
        { effort: effort.name, rows: config.rows },
        loopFigures(rounds, 'searchesPerSecond'),
        {
          percentiles: latencies.percentiles(),
          ...(effort.isDefault && { note: 'what its users get without asking' }),
        },
      ),
    )
  })
}

function charts(results: readonly Result[]): Chart[] {
  return [
    {
      kind: 'lines',
      title: 'Recall against latency: up and to the left is better',
      x: { label: 'search p50 (ms)', log: true },
      y: { label: 'recall@10' },
      dots: results.map(({ driver, point, figures }) => ({
        series: driver,
        x: figures.p50Ms?.median ?? 0,
        y: figures.recall?.median ?? 0,
        label: String(point.effort),
        isLabelled: driver === 'funes',
      })),
    },
    percentileLines(
      results.filter(({ note }) => note !== undefined),
      'Search latency by percentile, each driver as its users get it without asking',
    ),
  ]
}

export const scenario: Scenario = {
  name: NAME,
  order: 1,
  title: 'Search over everyone, one client',
  about:
    'The frontier of each driver: how near its answers come to the exact ones, and how long they take. Each question has been asked once, or for two seconds in all, before it is timed.',
  run,
  charts,
}
