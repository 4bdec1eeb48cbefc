import { createLatencies, type Latencies, p99Of } from '../measure/latencies.js'
import { spread } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf, percentileLines } from '../run/figures.js'
import { type Contender, createNewRows, recordSearches, warmUp, withSessions } from '../run/sessions.js'

const NAME = 'overhead'
const EFFORTS = ['fast', 'high'] as const

/** A driver with what it is to do, over and over. */
interface Turn extends Contender {
  call(i: number): Promise<unknown>
  recall?(): Promise<number>
}

/**
 * Lets the turns take every single call in alternation: what disturbs the machine for longer than a call disturbs
 * all of them, and their ratio holds where no latency would.
 */
async function callByCall(turns: readonly Turn[], calls: number) {
  const rounds = turns.map((turn) => ({ turn, latencies: createLatencies(), cpuMs: 0 }))
  for (let i = 0; i < calls; i++) {
    for (let j = 0; j < rounds.length; j++) {
      const round = rounds[(i + j) % rounds.length] as (typeof rounds)[number]
      const cpu = process.cpuUsage()
      const before = performance.now()
      await round.turn.call(i)
      round.latencies.record(performance.now() - before)
      const { user, system } = process.cpuUsage(cpu)
      round.cpuMs += (user + system) / 1000 / calls
    }
  }
  return rounds
}

async function measure(
  context: ScenarioContext,
  turns: readonly Turn[],
  what: { call: string; count: number },
): Promise<Result[]> {
  const all = turns.map(() => createLatencies())
  const figures = turns.map(() => ({ p50: [] as number[], rounds: [] as Latencies[], cpu: [] as number[] }))
  for (let round = 0; round < context.config.rounds; round++) {
    for (const [i, { latencies, cpuMs }] of (await callByCall(turns, what.count)).entries()) {
      all[i]?.add(latencies)
      figures[i]?.p50.push(latencies.ms(50))
      figures[i]?.rounds.push(latencies)
      figures[i]?.cpu.push(cpuMs)
    }
  }
  return Promise.all(
    turns.map(async ({ driver, recall }, i) => {
      const { p50 = [], rounds = [], cpu = [] } = figures[i] ?? {}
      const p99Ms = p99Of(rounds)
      const found = recall ? { recall: spread([await recall()]) } : {}
      return result(
        NAME,
        driver,
        { call: what.call, rows: context.config.rows },
        { ...found, p50Ms: spread(p50), ...(p99Ms && { p99Ms }), clientCpuMs: spread(cpu) },
        { percentiles: all[i]?.percentiles() ?? [] },
      )
    }),
  )
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const { config } = context
  const funes = context.drivers.find(({ role }) => role === 'funes')
  const drivers = context.drivers.filter(({ storage }) => storage === funes?.storage)
  const results: Result[] = []
  const newRows = createNewRows(context)
  const options = { connections: 1, database: context.writable }
  await withSessions({ ...context, drivers }, options, async (contenders) => {
    for (const effort of EFFORTS) {
      const turns: Turn[] = []
      for (const contender of contenders) {
        const same = contender.session.efforts.find(({ name }) => name === effort)
        if (!same) continue
        await contender.session.use(same)
        const searches = recordSearches(context, contender.session, { rows: config.rows })
        await warmUp(searches.search)
        searches.forget()
        turns.push({
          ...contender,
          call: searches.search,
          recall: async () => (await searches.judged()).recall,
        })
      }
      results.push(...(await measure(context, turns, { call: `search, ${effort}`, count: config.queries })))
    }
    const adders = contenders.map((contender): Turn => {
      const rows = newRows(config.inserts * config.rounds)
      return { ...contender, call: () => contender.session.add(rows.pop() as (typeof rows)[number]) }
    })
    results.push(...(await measure(context, adders, { call: 'add', count: config.inserts })))
  })
  return results
}

export const scenario: Scenario = {
  name: NAME,
  order: 2,
  title: 'What Funes adds to its own statements',
  about:
    'The same statements on the same tables, by Funes and by the bare driver, one call of each in turn: checking the input, building the statement and making the result are the difference.',
  run,
  charts: (results) => [
    barsOf(results, 'p50Ms', { title: 'Median latency', label: 'p50 (ms)', key: 'call' }),
    barsOf(results, 'clientCpuMs', { title: 'Work of the client process', label: 'ms', key: 'call' }),
    percentileLines(
      results.filter(({ point }) => point.call === 'search, high'),
      'The default search by percentile',
    ),
  ],
}
