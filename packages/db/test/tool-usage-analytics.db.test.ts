import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, type RecordUsage, type UsageQuery } from '../src/index.js'
import { addTo, emptyHistogram, percentilesOf } from '../src/tools/usage/histogram.js'
import { onEveryEngine, type TestDatabase } from './engines.js'
import { expectedBounds, expectedMeasures, ofVersion, wilsonLower, within } from './tool-usage-oracle.js'
import { expectAlike, MOMENTS, readScenario, scenarioAt, TOOLS, VERSION } from './tool-usage-scenario.js'

/** More when it is to be known for sure. */
const RUNS = Number(process.env.FUNES_TEST_USAGE_RUNS ?? 8)
const RUNS_OF_EACH = Math.ceil(RUNS / 8)
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Nothing of the usages before: deleting them takes them out of the totals too. */
async function clear({ pool, funes }: TestDatabase): Promise<void> {
  await pool.query('delete from tool_usage')
  await funes.tools.sweepUsage()
  const left =
    'select (select count(*) from tool_usage_rollups)::int4 + (select count(*) from tool_usage_deltas)::int4 as n'
  expect((await pool.query(left)).rows[0].n).toBe(0)
}

/** As {@link clear}, where weeks were dropped. */
async function forgetTotals({ pool, funes }: TestDatabase): Promise<void> {
  await pool.query('delete from tool_usage')
  await funes.tools.sweepUsage()
  await pool.query('delete from tool_usage_rollups')
  await pool.query('update tool_usage_retention set raw_from = null')
}

/** A Funes whose sessions have a clock that is put forward and back. */
async function openAbroad({ url, pool, funes }: TestDatabase): Promise<Funes> {
  if (url === undefined) {
    await pool.query(`set timezone = 'America/New_York'`)
    return funes
  }
  await pool.query(`alter database ${new URL(url).pathname.slice(1)} set timezone = 'America/New_York'`)
  return createFunes({ url })
}

onEveryEngine('usage analytics', (db) => {
  let abroad: Funes
  beforeAll(async () => {
    abroad = await openAbroad(db())
    for (const name of [...TOOLS, 'never', 'off'])
      await db().pool.query(
        'insert into tools (name, description, enabled, version) values ($1, $1, $2, $3)',
        [name, name !== 'off', VERSION],
      )
  })
  afterAll(() => abroad.close())

  it.each(MOMENTS)(
    'agree with a plain count, by rows and by totals: %s, %s, %s',
    async (...moment) => {
      const ask = async (
        range: { since: Date; until: Date },
        query: UsageQuery,
        of: readonly RecordUsage[],
      ) => {
        const report = await abroad.tools.usage({ ...range, ...query })
        const inRange = within(of, range.since, range.until)
        expectAlike(report, expectedMeasures(inRange), report.exact)
        const { bucket: unit, timeZone = 'UTC' } = query
        const bounds = unit === undefined ? [] : expectedBounds(range.since, range.until, unit, timeZone)
        expect(report.buckets.map(({ start, end }) => [start, end])).toEqual(
          bounds.slice(0, -1).map((start, i) => [start, bounds[i + 1]]),
        )
        for (const bucket of report.buckets)
          expectAlike(bucket, expectedMeasures(within(inRange, bucket.start, bucket.end)), report.exact)
        return report
      }
      await fc.assert(
        fc.asyncProperty(scenarioAt(moment), async (given) => {
          const { recorded: all, range, timeZone, unit } = readScenario(given)
          const query = { timeZone, ...(unit !== undefined && { bucket: unit }) }
          await clear(db())
          await abroad.tools.recordUsageMany(all, { wait: true })
          if (given.sweep) await abroad.tools.sweepUsage()
          if (given.without !== undefined) {
            await db().pool.query('delete from tool_usage where user_id = $1', [given.without])
            await abroad.tools.sweepUsage()
          }
          const recorded = all.filter(({ userId }) => userId === undefined || userId !== given.without)
          const alpha = recorded.filter(({ tool }) => tool === 'alpha')
          expect(await ask(range, { ...query, exact: true }, recorded)).toMatchObject({ exact: true })
          expect(await ask(range, { ...query, exact: false }, recorded)).toMatchObject({ exact: false })
          expect(await ask(range, { ...query, tool: 'alpha' }, alpha)).toMatchObject({ exact: true })
          await ask(range, { ...query, tool: 'alpha', exact: false }, alpha)
          for (const exact of [true, false]) {
            const version = exact === given.sweep ? 1 : VERSION
            await ask(range, { ...query, tool: 'alpha', version, exact }, ofVersion(alpha, version, VERSION))
          }
          // Without rows quarters of an hour are known.
          if (!given.drop || given.offMs > 0) return
          await abroad.tools.dropUsageBefore({ before: new Date(Date.parse(moment[1]) + DAY) })
          await ask(range, query, recorded)
          await forgetTotals(db())
        }),
        { numRuns: RUNS_OF_EACH },
      )
    },
    600_000,
  )

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
    for (const timeZone of ['UTC+2', 'CET', 'PST', 'ist', 'EST5EDT'])
      await expect(tools.usage({ timeZone })).rejects.toMatchObject(refusal('timeZone'))
    expect(await tools.usage({ timeZone: 'Etc/GMT+5' })).toMatchObject({ buckets: [] })
    await expect(tools.usage({ since, until: since })).rejects.toMatchObject(refusal('since'))
    await expect(tools.usage({ since, bucket: 'hour' })).rejects.toMatchObject(refusal('bucket'))
    await expect(tools.usage({ sessionId: 's' })).rejects.toMatchObject(refusal('sessionId'))
    await expect(tools.usage({ userId: 'u', exact: false })).rejects.toMatchObject(refusal('exact'))
    await expect(tools.usage({ tool: 'nothing' })).rejects.toMatchObject({ code: 'TOOL.NOT_FOUND' })
    await expect(tools.usage({ version: 1 })).rejects.toMatchObject(refusal('version'))
    await expect(tools.usage({ tool: 'alpha', version: 0 })).rejects.toMatchObject(refusal('version'))
    await expect(tools.usage({ tool: 'alpha', version: VERSION + 1 })).rejects.toMatchObject({
      code: 'TOOL.NOT_FOUND',
      meta: { tool: 'alpha', version: VERSION + 1 },
    })
    await expect(tools.trending({ windowMs: 1 })).rejects.toMatchObject(refusal('windowMs'))
    await expect(tools.failing({ minErrorRate: 2 })).rejects.toMatchObject(refusal('minErrorRate'))
  })

  it('estimate durations within 2.5 % and names within a few', async () => {
    const durations = [0, 0.001, 0.9999, 1, 1.0001, 17.3, 12_345.678, 1e12]
    const { rows } = await db().pool.query(
      'select d, tool_usage_duration_key(d)::text as key from unnest($1::float8[]) d',
      [durations],
    )
    expect(rows).toHaveLength(durations.length)
    for (const { d, key } of rows) {
      const histogram = emptyHistogram()
      addTo(histogram, key, '1')
      const [estimate] = percentilesOf(histogram, [0.5]) as number[]
      expect(Math.abs((estimate as number) - d)).toBeLessThanOrEqual(d * 0.02501)
    }

    for (const names of [0, 1, 10, 3_000, 50_000]) {
      const counted = await db().pool.query(
        `select tool_usage_distinct(bit_or(tool_usage_bits('name ' || i)))::int4 as n from generate_series(1, $1::int4) i`,
        [names],
      )
      expect(Math.abs(counted.rows[0].n - names)).toBeLessThanOrEqual(names * 0.07)
    }
  })
})
