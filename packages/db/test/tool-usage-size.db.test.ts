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
const DAY = 86_400_000
const TOOLS = 100
const start = Date.parse('2026-06-01T00:00:00Z')

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

  it('answers every question in less than 150 ms at p95', async () => {
    const range = { since: new Date(start + 1_234_567), until: new Date(start + 90 * DAY - 7_654_321) }
    const month = { since: new Date(start + 1_234_567), until: new Date(start + 31 * DAY) }
    const { tools } = funes
    const questions: Record<string, () => Promise<unknown>> = {
      all: () => tools.usage(range),
      'all by day': () => tools.usage({ ...range, bucket: 'day' }),
      'all by day, Berlin': () => tools.usage({ ...range, bucket: 'day', timeZone: 'Europe/Berlin' }),
      'all by day, Kathmandu': () => tools.usage({ ...range, bucket: 'day', timeZone: 'Asia/Kathmandu' }),
      'all by week, New York': () => tools.usage({ ...range, bucket: 'week', timeZone: 'America/New_York' }),
      'all by hour, Kolkata': () => tools.usage({ ...month, bucket: 'hour', timeZone: 'Asia/Kolkata' }),
      'half of them by day, Berlin': () =>
        tools.usage({ ...range, tool: 'tool 0', bucket: 'day', timeZone: 'Europe/Berlin' }),
      'half of them by hour, Kolkata': () =>
        tools.usage({ ...month, tool: 'tool 0', bucket: 'hour', timeZone: 'Asia/Kolkata' }),
      'one tool by day': () => tools.usage({ ...range, tool: 'tool 7', bucket: 'day' }),
      'a user with a twentieth by day': () => tools.usage({ ...range, userId: 'busy', bucket: 'day' }),
      'a user': () => tools.usage({ ...range, userId: 'user 77' }),
      trending: () => tools.trending({ until: range.until, windowMs: 30 * DAY }),
      failing: () => tools.failing(range),
      neverUsed: () => tools.neverUsed({ since: range.until }),
    }
    for (const [name, ask] of Object.entries(questions)) {
      const times: number[] = []
      for (let i = 0; i < (IS_MEASURED ? 45 : 7); i++) {
        const begun = performance.now()
        await ask()
        // The first calls make plans, for the parameters and then for any.
        if (i > (IS_MEASURED ? 6 : 1)) times.push(performance.now() - begun)
      }
      const p95 = times.sort((a, b) => a - b)[Math.ceil(0.95 * times.length) - 1] as number
      if (IS_MEASURED)
        console.log(`${name}: p50 ${times[times.length >> 1]?.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`)
      expect.soft(p95, name).toBeLessThan(150)
    }
  }, 600_000)

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
        console.log(`${name}: ${Math.round(perSecond)} usages a second`)
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
