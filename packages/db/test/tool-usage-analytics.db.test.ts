import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { RecordUsage, UsageMeasures } from '../src/index.js'
import { onEveryEngine, type TestDatabase } from './engines.js'
import { expectedBounds, expectedMeasures, type Unit, wilsonLower, within } from './tool-usage-oracle.js'

/** More when it is to be known for sure. */
const RUNS = Number(process.env.FUNES_TEST_USAGE_RUNS ?? 8)
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Time zones, and a moment at which their clocks do something worth a look. */
const MOMENTS: readonly (readonly [zone: string, at: string, what: string])[] = [
  ['UTC', '2026-06-01T00:00:00Z', 'nothing'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z', 'forward, a day of 23 hours'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z', 'back, a day of 25 hours'],
  ['America/New_York', '2026-11-01T06:00:00Z', 'back'],
  ['Asia/Kolkata', '2026-06-01T00:00:00Z', 'half an hour beside UTC'],
  ['Asia/Kathmandu', '2026-06-01T00:00:00Z', 'three quarters of an hour beside UTC'],
  ['America/Havana', '2026-11-01T05:00:00Z', 'back over midnight: it comes twice'],
  ['America/Havana', '2026-03-08T05:00:00Z', 'forward over midnight: there is none'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z', 'from midnight back to the day before'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z', 'forward over midnight'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 'back by half an hour'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 'forward by half an hour'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z', 'over the date line: a day is missing'],
]

const TOOLS = ['alpha', 'beta'] as const

const usage = fc.record(
  {
    tool: fc.constantFrom(...TOOLS),
    success: fc.boolean(),
    // Days, hours and milliseconds apart, so that edges are met.
    at: fc.tuple(
      fc.integer({ min: -4, max: 4 }),
      fc.integer({ min: -30, max: 30 }),
      fc.integer({ min: -1, max: 1 }),
    ),
    userId: fc.constantFrom('ada', 'bob', 'cyd'),
    sessionId: fc.constantFrom('s1', 's2'),
    durationMs: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1e6, noNaN: true })),
    error: fc.constantFrom('TimeoutError', 'HTTP 429'),
    inputTokens: fc.nat(1000),
    outputTokens: fc.nat(1000),
  },
  { requiredKeys: ['tool', 'success', 'at'] },
)

const scenario = fc.record({
  moment: fc.constantFrom(...MOMENTS),
  usages: fc.array(usage, { maxLength: 50 }),
  since: fc.integer({ min: -100 * 4, max: -1 }),
  until: fc.integer({ min: 1, max: 100 * 4 }),
  offMs: fc.constantFrom(0, 0, 1, 123_456),
  unit: fc.constantFrom('hour', 'day', 'week', undefined),
  sweep: fc.boolean(),
})

/** Makes of a scenario what is recorded and asked. */
function readScenario({
  moment,
  usages,
  since,
  until,
  offMs,
  unit,
}: typeof scenario extends fc.Arbitrary<infer T> ? T : never) {
  const centre = Date.parse(moment[1])
  const recorded = usages.map(
    ({ at: [days, halfHours, ms], error, ...more }): RecordUsage => ({
      ...more,
      ...(error !== undefined && !more.success && { error }),
      at: new Date(centre + days * DAY + (halfHours * HOUR) / 2 + ms),
    }),
  )
  const range = {
    since: new Date(centre + (since * HOUR) / 4 + offMs),
    until: new Date(centre + (until * HOUR) / 4 - offMs),
  }
  return { recorded, range, timeZone: moment[0], unit: unit as Unit | undefined }
}

function expectAlike(actual: UsageMeasures, expected: UsageMeasures, exact: boolean): void {
  const { durationMs, users, sessions, ...counts } = expected
  expect(actual).toMatchObject(counts)
  // A shared bit makes two names one; of so few that is rare, but may be.
  const slack = exact ? 0 : 1
  expect(Math.abs(actual.users - users)).toBeLessThanOrEqual(slack)
  expect(Math.abs(actual.sessions - sessions)).toBeLessThanOrEqual(slack)
  expect(actual.durationMs === null).toBe(durationMs === null)
  for (const key of ['mean', 'p50', 'p95', 'p99'] as const) {
    const value = durationMs?.[key] ?? 0
    const tolerance = exact || key === 'mean' ? 1e-9 : 0.02501
    expect(Math.abs((actual.durationMs?.[key] ?? 0) - value)).toBeLessThanOrEqual(value * tolerance)
  }
}

/** Nothing of the usages before: deleting them takes them out of the totals too. */
async function clear({ pool, funes }: TestDatabase): Promise<void> {
  await pool.query('delete from tool_usage')
  await funes.tools.sweepUsage()
  const left =
    'select (select count(*) from tool_usage_rollups)::int4 + (select count(*) from tool_usage_deltas)::int4 as n'
  expect((await pool.query(left)).rows[0].n).toBe(0)
}

onEveryEngine('usage analytics', (db) => {
  beforeAll(async () => {
    for (const name of [...TOOLS, 'never', 'off'])
      await db().pool.query('insert into tools (name, description, enabled) values ($1, $1, $2)', [
        name,
        name !== 'off',
      ])
  })

  it('agree with a plain count of the same usages, by rows and by totals, in every time zone', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const { recorded, range, timeZone, unit } = readScenario(given)
        await clear(db())
        await funes.tools.recordUsageMany(recorded, { wait: true })
        if (given.sweep) await funes.tools.sweepUsage()
        for (const tool of [undefined, 'alpha']) {
          const of = tool === undefined ? recorded : recorded.filter((one) => one.tool === tool)
          for (const exact of [true, false]) {
            const report = await funes.tools.usage({
              ...range,
              timeZone,
              exact,
              ...(tool !== undefined && { tool }),
              ...(unit !== undefined && { bucket: unit }),
            })
            expectAlike(report, expectedMeasures(within(of, range.since, range.until)), exact)
            if (unit === undefined) continue
            const bounds = expectedBounds(range.since, range.until, unit, timeZone)
            expect(report.buckets.map(({ start, end }) => [start, end])).toEqual(
              bounds.slice(0, -1).map((start, i) => [start, bounds[i + 1]]),
            )
            const inRange = within(of, range.since, range.until)
            for (const bucket of report.buckets)
              expectAlike(bucket, expectedMeasures(within(inRange, bucket.start, bucket.end)), exact)
          }
        }
      }),
      { numRuns: RUNS },
    )
  }, 600_000)

  it('count a day of 25 hours as one day, and each of its hours', async () => {
    const { funes } = db()
    await clear(db())
    const first = Date.parse('2026-10-24T22:00:00Z')
    const hourly = Array.from({ length: 25 }, (_, i) => ({
      tool: 'alpha',
      success: true,
      at: new Date(first + i * HOUR),
    }))
    await funes.tools.recordUsageMany(hourly, { wait: true })
    const range = { since: new Date(first), until: new Date(first + 25 * HOUR), timeZone: 'Europe/Berlin' }
    for (const exact of [true, false]) {
      const days = await funes.tools.usage({ ...range, bucket: 'day', exact })
      expect(days.buckets.map(({ calls }) => calls)).toEqual([25])
      const hours = await funes.tools.usage({ ...range, bucket: 'hour', exact })
      expect(hours.buckets.map(({ calls }) => calls)).toEqual(Array(25).fill(1))
    }
  })

  it('tell one user’s usages, by session too', async () => {
    const { funes } = db()
    await clear(db())
    const at = new Date('2026-05-05T05:05:05Z')
    const of = (userId: string, sessionId: string) => ({ tool: 'beta', success: true, at, userId, sessionId })
    await funes.tools.recordUsageMany([of('ada', 's1'), of('ada', 's2'), of('bob', 's1')], { wait: true })
    const range = { since: new Date('2026-05-05T00:00:00Z'), until: new Date('2026-05-06T00:00:00Z') }
    expect(await funes.tools.usage({ ...range, userId: 'ada' })).toMatchObject({
      calls: 2,
      users: 1,
      sessions: 2,
      exact: true,
    })
    expect(await funes.tools.usage({ ...range, userId: 'ada', sessionId: 's2' })).toMatchObject({ calls: 1 })
    expect(await funes.tools.usage(range)).toMatchObject({ calls: 3, users: 2, sessions: 3 })
  })

  it('rank tools as the formulas say', async () => {
    const { funes } = db()
    const until = new Date('2026-09-01T10:20:30Z')
    const counts = fc.record({ now: fc.nat(40), before: fc.nat(40), failed: fc.nat(40), sweep: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(counts, counts, async (alpha, beta) => {
        await clear(db())
        const made = (tool: string, { now, before, failed }: typeof alpha): RecordUsage[] => [
          ...Array.from({ length: now }, (_, i) => ({
            tool,
            success: i >= failed,
            at: new Date(until.getTime() - 1 - i * HOUR),
          })),
          ...Array.from({ length: before }, (_, i) => ({
            tool,
            success: true,
            at: new Date(until.getTime() - 7 * DAY - 1 - i * HOUR),
          })),
        ]
        const all = [...made('alpha', alpha), ...made('beta', beta)]
        await funes.tools.recordUsageMany(all, { wait: true })
        if (alpha.sweep) await funes.tools.sweepUsage()
        const each = [
          { tool: 'alpha', ...alpha },
          { tool: 'beta', ...beta },
        ]

        const trending = await funes.tools.trending({ until, smoothing: 5 })
        expect(trending).toEqual(
          each
            .filter(({ now, before }) => now > before)
            .map(({ tool, now, before }) => ({
              tool,
              calls: now,
              previousCalls: before,
              growth: (now + 5) / (before + 5),
            }))
            .sort((a, b) => b.growth - a.growth || b.calls - a.calls || (a.tool < b.tool ? -1 : 1)),
        )

        const failing = await funes.tools.failing({ until, minCalls: 10, minErrorRate: 0.1 })
        const expected = each
          .map(({ tool, now, failed }) => ({ tool, calls: now, failures: Math.min(now, failed) }))
          .filter(({ calls, failures }) => calls >= 10 && wilsonLower(failures, calls) >= 0.1)
        expect(failing.map(({ tool, calls, failures }) => ({ tool, calls, failures }))).toEqual(
          expected.sort(
            (a, b) =>
              wilsonLower(b.failures, b.calls) - wilsonLower(a.failures, a.calls) ||
              b.failures - a.failures ||
              (a.tool < b.tool ? -1 : 1),
          ),
        )
        for (const { calls, failures, errorRate, errorRateAtLeast, errors } of failing) {
          expect(errorRate).toBeCloseTo(failures / calls, 10)
          expect(errorRateAtLeast).toBeCloseTo(wilsonLower(failures, calls), 10)
          expect(errors).toEqual([{ class: 'unknown', calls: failures }])
        }

        const used = each.filter(({ now, before }) => now + before > 0).map(({ tool }) => tool)
        const unused = (await funes.tools.neverUsed()).map(({ tool }) => tool)
        expect(unused).toEqual(['alpha', 'beta', 'never', 'off'].filter((tool) => !used.includes(tool)))
      }),
      { numRuns: RUNS },
    )
    await clear(db())
    await funes.tools.recordUsage({
      tool: 'alpha',
      success: true,
      at: new Date('2026-01-01T00:00:00Z'),
      wait: true,
    })
    const since = new Date('2026-02-01T00:00:00Z')
    expect((await funes.tools.neverUsed({ since, enabled: true })).map(({ tool }) => tool)).toEqual([
      'beta',
      'never',
      'alpha',
    ])
    expect((await funes.tools.neverUsed({ enabled: false })).map(({ tool }) => tool)).toEqual(['off'])
  })

  it('refuse what makes no sense, and name it', async () => {
    const { tools } = db().funes
    const since = new Date('2026-01-01T00:00:00Z')
    const refusal = (path: string) => ({ code: 'INPUT.INVALID', meta: { path } })
    await expect(tools.usage({ timeZone: 'Europe/Atlantis' })).rejects.toMatchObject(refusal('timeZone'))
    await expect(tools.usage({ timeZone: 'UTC+2' })).rejects.toMatchObject(refusal('timeZone'))
    await expect(tools.usage({ since, until: since })).rejects.toMatchObject(refusal('since'))
    await expect(tools.usage({ since, bucket: 'hour' })).rejects.toMatchObject(refusal('bucket'))
    await expect(tools.usage({ sessionId: 's' })).rejects.toMatchObject(refusal('sessionId'))
    await expect(tools.usage({ userId: 'u', exact: false })).rejects.toMatchObject(refusal('exact'))
    await expect(tools.usage({ tool: 'nothing' })).rejects.toMatchObject({ code: 'TOOL.NOT_FOUND' })
    await expect(tools.trending({ windowMs: 1 })).rejects.toMatchObject(refusal('windowMs'))
    await expect(tools.failing({ minErrorRate: 2 })).rejects.toMatchObject(refusal('minErrorRate'))
  })
})
