import type { Row } from '../dataset/row.js'
import type { Driver, Session } from '../drivers/driver.js'
import { alternate } from '../measure/alternate.js'
import { callInTurn } from '../measure/closed-loop.js'
import { createLatencies } from '../measure/latencies.js'
import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf, loopFigures, percentileLines } from '../run/figures.js'
import { createNewRows, withSessions } from '../run/sessions.js'

const NAME = 'insert'

/** Of rows that were stored, how many come when their own vectors are asked for. */
async function shareFound(session: Session, rows: readonly Row[]): Promise<number> {
  let found = 0
  for (const { id, content, index, vector } of rows) {
    const query = { index, text: content, vector, numbers: Array.from(vector) }
    if ((await session.search({ query, k: 10 })).includes(id)) found += 1
  }
  return found / rows.length
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const newRows = createNewRows(context)
  return withSessions(context, { connections: 1, database: context.writable }, async (contenders) => {
    const turns = contenders.map((contender) => ({ ...contender, latencies: createLatencies() }))
    const last = new Map<Driver, readonly Row[]>()
    const add = async ({ session, driver }: (typeof turns)[number], count: number) => {
      const rows = newRows(count)
      last.set(driver, rows)
      return callInTurn(count, (i) => session.add(rows[i] as (typeof rows)[number]))
    }
    for (const turn of turns) await add(turn, 20)
    const outcomes = await alternate(turns, config.rounds, async (turn) => {
      const loop = await add(turn, config.inserts)
      turn.latencies.add(loop.latencies)
      return { loop }
    })
    const results: Result[] = []
    for (const [{ driver, session, latencies }, rounds] of outcomes) {
      await session.use(await context.comparable(driver))
      const foundShare = once(await shareFound(session, last.get(driver) ?? []))
      const figures = { foundShare, ...loopFigures(rounds, 'insertsPerSecond') }
      const percentiles = latencies.percentiles()
      results.push(result(NAME, driver, { rows: config.rows }, figures, { percentiles }))
    }
    return results
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
