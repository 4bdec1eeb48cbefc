import { createFunes, type Funes, type RecordUsage, type UsageQuery } from '@funes/db'
import { callInTurn } from '../measure/closed-loop.js'
import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { result, type Scenario, type ScenarioContext } from '../run/context.js'
import { barsOf } from '../run/figures.js'

const NAME = 'usage-analytics'

/** So many usages for each memory that other scenarios run over: a million in the standard profile. */
const USAGES_PER_ROW = 10
const DAYS = 90
const TOOLS = 200
const USERS = 5_000
const DAY_MS = 86_400_000
const LATE_MS = 600_000
const CALLS = 40
const CLASSES = ['TimeoutError', 'HTTP 429', 'HTTP 500', 'ECONNRESET', 'ValidationError']

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A place from 0, the first ones often: about as 1 / (place + 1). */
const skewed = (random: () => number, count: number) => Math.floor(count ** random()) - 1

const toolName = (place: number) => `tool_${place}`

/** Usages of 90 days up to now, each noted up to ten minutes after it was: many processes write them. */
function createUsages(random: () => number, until: number, total: number) {
  let made = 0
  return (count: number): RecordUsage[] =>
    Array.from({ length: count }, () => {
      const noted = until - DAYS * DAY_MS * (1 - ++made / total)
      const user = skewed(random, USERS)
      const success = random() < 0.93
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
      return {
        tool: toolName(skewed(random, TOOLS)),
        userId: `user ${user}`,
        sessionId: `session ${Math.floor(random() * 40)}`,
        success,
        durationMs: 120 * Math.exp(normal),
        ...(!success && { error: CLASSES[skewed(random, CLASSES.length)] as string }),
        inputTokens: Math.floor(random() * 2_000),
        outputTokens: Math.floor(random() * 500),
        at: new Date(noted - random() * LATE_MS),
      }
    })
}

/** The questions of an operator, the dear ones among them. */
function questions(funes: Funes, until: Date): ReadonlyMap<string, () => Promise<unknown>> {
  const days = (count: number) => new Date(until.getTime() - count * DAY_MS)
  const usage = (query: UsageQuery) => () => funes.tools.usage({ until, ...query })
  const tool = toolName(0)
  return new Map<string, () => Promise<unknown>>([
    ['usage, all tools, 90 days', usage({ since: days(90) })],
    ['usage, all tools, 90 days by day, UTC', usage({ since: days(90), bucket: 'day' })],
    [
      'usage, all tools, 90 days by day, Berlin',
      usage({ since: days(90), bucket: 'day', timeZone: 'Europe/Berlin' }),
    ],
    [
      'usage, all tools, 90 days by day, Kathmandu',
      usage({ since: days(90), bucket: 'day', timeZone: 'Asia/Kathmandu' }),
    ],
    [
      'usage, all tools, 90 days by week, New York',
      usage({ since: days(90), bucket: 'week', timeZone: 'America/New_York' }),
    ],
    ['usage, all tools, 31 days by hour, UTC', usage({ since: days(31), bucket: 'hour' })],
    [
      'usage, all tools, 31 days by hour, Kolkata',
      usage({ since: days(31), bucket: 'hour', timeZone: 'Asia/Kolkata' }),
    ],
    ['usage, all tools, 1 day by hour', usage({ since: days(1), bucket: 'hour' })],
    [
      'usage, busiest tool, 90 days by day, Berlin',
      usage({ tool, since: days(90), bucket: 'day', timeZone: 'Europe/Berlin' }),
    ],
    [
      'usage, busiest tool, 31 days by hour, Kolkata',
      usage({ tool, since: days(31), bucket: 'hour', timeZone: 'Asia/Kolkata' }),
    ],
    [
      'usage, a rare tool, 90 days by day',
      usage({ tool: toolName(TOOLS - 1), since: days(90), bucket: 'day' }),
    ],
    ['usage, busiest user, 90 days by day', usage({ userId: 'user 0', since: days(90), bucket: 'day' })],
    [
      'usage, an ordinary user, 90 days by week',
      usage({ userId: 'user 500', since: days(90), bucket: 'week' }),
    ],
    ['trending', () => funes.tools.trending({ until })],
    ['trending, windows of 30 days', () => funes.tools.trending({ until, windowMs: 30 * DAY_MS })],
    ['failing', () => funes.tools.failing({ until })],
    ['failing, 90 days', () => funes.tools.failing({ until, since: days(90) })],
    ['neverUsed', () => funes.tools.neverUsed({ since: days(1) })],
  ])
}

/** Usages a second, in batches that are waited for, by one writer or by several. */
async function record(funes: Funes, made: (count: number) => RecordUsage[], count: number, writers: number) {
  const batches = Array.from({ length: Math.ceil(count / 5_000) }, (_, i) =>
    made(Math.min(5_000, count - i * 5_000)),
  )
  const start = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let i = writer; i < batches.length; i += writers)
        await funes.tools.recordUsageMany(batches[i] as RecordUsage[], { wait: true })
    }),
  )
  return (count / (performance.now() - start)) * 1000
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const driver = context.drivers.find(({ name }) => name === 'funes')
  if (driver === undefined) return []
  const total = context.config.rows * USAGES_PER_ROW
  const database = await context.empty(driver)
  const pool = await database.openPool({ connections: 4 })
  const funes = await createFunes({ pool, toolUsage: { batchSize: 2_000 } })
  try {
    const names = Array.from({ length: TOOLS }, (_, place) => toolName(place))
    await funes.prisma.tool.createMany({ data: names.map((name) => ({ name, description: name })) })
    // A little before now, and at no full hour: every question has ragged edges.
    const until = new Date(Date.now() - 12_345_678)
    const usages = createUsages(createRandom(context.config.seed), until.getTime(), total)
    context.progress(`recording ${total} usages`)
    const alone = await record(funes, usages, total / 2, 1)
    const together = await record(funes, usages, total / 2, 2)
    const sweepStart = performance.now()
    await funes.tools.sweepUsage()
    const sweepMs = performance.now() - sweepStart
    await pool.query('analyze')

    const results = [
      result(
        NAME,
        driver,
        { call: 'recordUsageMany', usages: total },
        {
          usagesPerSecond: once(alone),
          usagesPerSecondOfTwo: once(together),
          sweepMs: once(sweepMs),
        },
      ),
    ]
    for (const [call, ask] of questions(funes, until)) {
      for (let i = 0; i < 8; i++) await ask()
      const { latencies } = await callInTurn(CALLS, ask)
      results.push(
        result(
          NAME,
          driver,
          { call, usages: total },
          { p50Ms: once(latencies.ms(50)), p95Ms: once(latencies.ms(95)) },
        ),
      )
    }
    return results
  } finally {
    await funes.close()
    await database.closePool(pool)
    await database.drop()
  }
}

export const scenario: Scenario = {
  name: NAME,
  order: 20,
  isOptional: true,
  title: 'Analytics of tool usage',
  about: `How many usages of tools a second are stored in batches, and how long an operator's questions take over them: ${DAYS} days of ${TOOLS} tools.`,
  run,
  charts: (results) => [
    barsOf(
      results.filter(({ figures }) => figures.p95Ms !== undefined),
      'p95Ms',
      { title: 'Questions about usage, p95', label: 'ms', key: 'call' },
    ),
  ],
}
