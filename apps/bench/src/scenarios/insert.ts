import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import { createLatencies } from '../measure/latencies.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf, loopFigures, percentileLines } from '../run/figures.js'
import { createNewRows, withSessions } from '../run/sessions.js'

const NAME = 'insert'

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const newRows = createNewRows(context)
  return withSessions(context, { connections: 1, database: context.writable }, async (contenders) => {
    const turns = contenders.map((contender) => ({ ...contender, latencies: createLatencies() }))
    const add = async ({ session }: (typeof turns)[number], count: number) => {
      const rows = newRows(count)
      return callInTurn(count, (i) => session.add(rows[i] as (typeof rows)[number]))
    }
    for (const turn of turns) await add(turn, 20)
    const outcomes = await alternate(turns, config.rounds, async (turn) => {
      const loop = await add(turn, config.inserts)
      turn.latencies.add(loop.latencies)
      return { loop }
    })
    return [...outcomes].map(([{ driver, latencies }, rounds]) =>
      result(NAME, driver, { rows: config.rows }, loopFigures(rounds, 'insertsPerSecond'), {
        percentiles: latencies.percentiles(),
      }),
    )
  })
}

export const scenario: Scenario = {
  name: NAME,
  order: 6,
  title: 'Storing one memory at a time, the index in place',
  about: 'One client stores memories with their vectors, each committed to disk before the next.',
  run,
  charts: (results) => [
    barsOf(results, 'p50Ms', {
      title: 'Storing one memory, index entry included, durable',
      label: 'p50 (ms)',
    }),
    percentileLines(results, 'Insert latency by percentile'),
  ],
}
