import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, type RecordUsage } from '../src/index.js'
import { measureCells } from '../src/sql/tool-usage-cells.js'
import { measureRows } from '../src/sql/tool-usage-rows.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'
import { execution } from './plans.js'

/** A million when it is to be known, for which FUNES_TEST_USAGE_ROWS asks. */
const ROWS = Number(process.env.FUNES_TEST_USAGE_ROWS ?? 8_000)
const IS_MEASURED = process.env.FUNES_TEST_USAGE_ROWS !== undefined
/** What is promised of a million on a machine that does nothing else. Of a few beside other work: that nothing runs away. */
const LIMIT_MS = IS_MEASURED ? 150 : 2_000
const DAY = 86_400_000
const TOOLS = 100
const HOUR = 3_600_000
/** So that a range that ends now has usages in it. */
const start = Math.floor(Date.now() / HOUR) * HOUR - 90 * DAY
/** So few are added up too, as a million are without being asked to. */
const exact: { exact?: boolean } = IS_MEASURED ? {} : { exact: false }

/** Spread over 90 days, half of them by one tool, a twentieth by one user. */
const usageOf = (i: number): RecordUsage => ({
  tool: i % 2 === 0 ? 'tool 0' : `tool ${i % TOOLS}`,
  userId: i % 20 === 0 ? 'busy' : `user ${i % 4999}`,
  sessionId: `session ${i % 97}`,
  success: i % 13 > 0,
  durationMs: 10 * Math.exp((i % 1000) / 150),
  ...(i % 13 === 0 && { error: `Error ${i % 5}` }),
  at: new Date(start + Math.floor((i / ROWS) * 90 * DAY)),
})

/** Makes changes that nobody adds up: in one statement, of as many tools and quarters of an hour as possible. */
async function changeMuch(pool: pg.Pool): Promise<void> {
  await pool.query(
    `insert into tool_usage (id, tool_id, user_id, success, duration_ms, at)
     select gen_random_uuid(), t.id, 'user ' || i, i % 13 > 0, i, $1::timestamptz + make_interval(mins => 60 * i)
     from generate_series(1, 2000) i
     join lateral (select id from tools order by id offset i % 100 limit 1) t on true`,
    [new Date(start + DAY)],
  )
  const { rows } = await pool.query('select count(*)::int4 as n from tool_usage_deltas')
  expect(rows[0].n).toBeGreaterThanOrEqual(2_000)
}

describeOnServer('a table of many usages (server)', () => {
  let funes: Funes
  let pool: pg.Pool
  let drop: () => Promise<unknown>

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
    funes = await createFunes({ pool, toolUsage: { batchSize: 2_000 } })
    await funes.migrate()
    const tools = Array.from({ length: TOOLS }, (_, i) => ({ name: `tool ${i}`, description: 'x' }))
    await funes.prisma.tool.createMany({ data: tools })
    const usages = Array.from({ length: ROWS }, (_, i) => usageOf(i))
    for (let i = 0; i < ROWS; i += 20_000)
      await funes.tools.recordUsageMany(usages.slice(i, i + 20_000), { wait: true })
    await funes.tools.sweepUsage()
    await pool.query('analyze')
  }, 600_000)

  afterAll(async () => {
    await funes?.close()
    await pool?.end()
    await drop?.()
  })

  it.each([
    ['added up', 12],
    ['2,000 changes not added up', 6],
  ] as const)(
    `answers every question in less than ${LIMIT_MS} ms at p95, %s`,
    async (when, few) => {
      const times = IS_MEASURED ? 45 : few
      if (when !== 'added up') await changeMuch(pool)
      const range = { since: new Date(start + 1_234_567), until: new Date(start + 90 * DAY - 7_654_321) }
      const month = { since: new Date(start + 1_234_567), until: new Date(start + 31 * DAY) }
      const { tools } = funes
      const questions: Record<string, () => Promise<unknown>> = {
        'all of the last 30 days': () => tools.usage(exact),
        all: () => tools.usage({ ...range, ...exact }),
        'all by day': () => tools.usage({ ...range, ...exact, bucket: 'day' }),
        'all by day, Berlin': () =>
          tools.usage({ ...range, ...exact, bucket: 'day', timeZone: 'Europe/Berlin' }),
        'all by day, Kathmandu': () =>
          tools.usage({ ...range, ...exact, bucket: 'day', timeZone: 'Asia/Kathmandu' }),
        'all by week, New York': () =>
          tools.usage({ ...range, ...exact, bucket: 'week', timeZone: 'America/New_York' }),
        'all by hour, Kolkata': () =>
          tools.usage({ ...month, ...exact, bucket: 'hour', timeZone: 'Asia/Kolkata' }),
        'half of them by day, Berlin': () =>
          tools.usage({ ...range, ...exact, tool: 'tool 0', bucket: 'day', timeZone: 'Europe/Berlin' }),
        'half of them by hour, Kolkata': () =>
          tools.usage({ ...month, ...exact, tool: 'tool 0', bucket: 'hour', timeZone: 'Asia/Kolkata' }),
        'one tool by day': () => tools.usage({ ...range, ...exact, tool: 'tool 7', bucket: 'day' }),
        'a user with a twentieth by day': () => tools.usage({ ...range, userId: 'busy', bucket: 'day' }),
        'a user': () => tools.usage({ ...range, userId: 'user 77' }),
        trending: () => tools.trending({ until: range.until, windowMs: 30 * DAY }),
        failing: () => tools.failing(range),
        neverUsed: () => tools.neverUsed({ since: range.until }),
      }
      for (const [name, ask] of Object.entries(questions)) {
        const took: number[] = []
        for (let i = 0; i < times; i++) {
          const begun = performance.now()
          await ask()
          // The first calls make plans, for the parameters and then for any.
          if (i > (IS_MEASURED ? 6 : 1)) took.push(performance.now() - begun)
        }
        const p95 = took.sort((a, b) => a - b)[Math.ceil(0.95 * took.length) - 1] as number
        if (IS_MEASURED)
          console.log(
            `${when}: ${name}: p50 ${took[took.length >> 1]?.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
          )
        expect.soft(p95, name).toBeLessThan(LIMIT_MS)
      }
    },
    600_000,
  )

  it.runIf(IS_MEASURED)(
    'counts a million rows one by one when it is asked to, which has no bound',
    async () => {
      const begun = performance.now()
      const { calls } = await funes.tools.usage({
        since: new Date(start),
        until: new Date(start + 90 * DAY),
        exact: true,
      })
      console.log(`exact: true over ${calls} rows: ${(performance.now() - begun).toFixed(0)} ms`)
      expect(calls).toBeGreaterThanOrEqual(ROWS)
    },
  )

  it('is read by its indexes', async () => {
    const range = {
      since: new Date(start + 1_234_567),
      until: new Date(start + 30 * DAY),
      bounds: null,
      ofAllUsers: true,
    }
    const spans = [
      { grain: 0 as const, from: range.since, to: new Date(start + 1_800_000) },
      { grain: 60 as const, from: new Date(start + 3_600_000), to: range.until },
    ]
    const statements = [
      measureRows({ toolId: 8, userId: null, sessionId: null }, range),
      measureRows({ toolId: null, userId: 'user 77', sessionId: null }, range),
      measureCells(null, { ...range, spans }),
      measureCells(8, { ...range, spans }),
    ]
    for (const one of statements) {
      for (const times of [1, 7]) {
        const { nodes } = await execution(pool, one, { times })
        const read = nodes.filter(
          (node) => node['Relation Name']?.startsWith('tool_usage_w') && node['Actual Rows'] > 0,
        )
        expect(read.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
        const cells = nodes.filter((node) => node['Relation Name'] === 'tool_usage_rollups')
        expect(cells.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
      }
    }
  })

  it.runIf(IS_MEASURED)(
    'takes 20,000 usages a second, waited for or queued',
    async () => {
      const batches = Array.from({ length: 100 }, () =>
        Array.from({ length: 2_000 }, (_, i) => ({ ...usageOf(i), at: new Date() })),
      )
      const rate = async (name: string, work: () => Promise<unknown>) => {
        const begun = performance.now()
        await work()
        const perSecond = (200_000 / (performance.now() - begun)) * 1000
        // Nobody waits for adding up, but it is to keep step.
        await funes.tools.sweepUsage()
        const inAll = (200_000 / (performance.now() - begun)) * 1000
        console.log(
          `${name}: ${Math.round(perSecond)} usages a second, ${Math.round(inAll)} until all is added up`,
        )
        expect.soft(perSecond, name).toBeGreaterThan(20_000)
      }
      await rate('waited for', async () => {
        for (let i = 0; i < batches.length; i += 10)
          await funes.tools.recordUsageMany(batches.slice(i, i + 10).flat(), { wait: true })
      })
      await rate('queued', async () => {
        for (const batch of batches) {
          for (const usage of batch) void funes.tools.recordUsage(usage)
          while (funes.tools.usageStats().queued > 6_000) await sleep(5)
        }
        await funes.tools.flushUsage()
      })
      expect(funes.tools.usageStats().dropped).toEqual({
        ...{ overload: 0, unknownTool: 0, invalid: 0, closed: 0, purged: 0 },
      })
    },
    600_000,
  )
})
