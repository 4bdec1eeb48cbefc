import { beforeAll, beforeEach, expect, it } from 'vitest'
import type { RecordUsage } from '../src/index.js'
import { compile, type Statement, sql, statement } from '../src/sql/statement.js'
import { toolUsageSummary } from '../src/sql/tool-usage-summary.js'
import { onEveryEngine } from './engines.js'

const DAY = 86_400_000
const WEEK = 7 * DAY

const made = (at: Date, more: Partial<RecordUsage> = {}): RecordUsage => ({
  ...{
    tool: 'pen',
    userId: 'ada',
    sessionId: 's',
    success: true,
    durationMs: 100,
    inputTokens: 3,
    outputTokens: 4,
  },
  at,
  ...more,
})

onEveryEngine('keeping usages', (db) => {
  const count = async (where = 'true') =>
    (await db().pool.query(`select count(*)::int4 as n from tool_usage where ${where}`)).rows[0].n as number
  const partitions = async () =>
    (
      await db().pool.query(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'tool_usage'::regclass order by 1`,
      )
    ).rows.map(({ name }) => name as string)
  const run = async <Row>(of: Statement<Row>) => {
    const { text, values } = compile(of)
    return (await db().pool.query(text, values)).rows as Row[]
  }

  beforeAll(async () => {
    await db().pool.query(`insert into tools (name, description) values ('pen', 'x'), ('ink', 'x')`)
  })
  beforeEach(async () => {
    await db().pool.query('delete from tool_usage')
    await db().pool.query('delete from tool_usage_deltas')
    await db().pool.query('delete from tool_usage_rollups')
    await db().pool.query('update tool_usage_retention set raw_from = null')
  })

  it('has the weeks to come ready, and uses them', async () => {
    expect(await partitions()).toHaveLength(6)
    await db().funes.tools.recordUsage({ ...made(new Date()), wait: true })
    for (const weeks of [1, 2, 3, 4]) {
      await db().pool.query(
        `insert into tool_usage (id, tool_id, success, at) select gen_random_uuid(), id, true, $1 from tools where name = 'pen'`,
        [new Date(Date.now() + weeks * WEEK)],
      )
    }
    expect(await partitions()).toHaveLength(6)
    const stray = await db().pool.query('select count(*)::int4 as n from tool_usage_default')
    expect(stray.rows[0].n).toBe(0)
  })

  it('makes the same weeks whatever the clock of the session', async () => {
    const client = await db().pool.connect()
    try {
      await client.query(`begin; set local timezone = 'Europe/Berlin'`)
      // The clock is put back within the first, and forward within the last.
      const { rows } = await client.query(`
        select tool_usage_make_partitions(array['2025-10-21Z', '2025-10-28Z', '2025-03-25Z', '2025-04-01Z']::timestamptz[]) as made`)
      expect(rows[0].made).toBe(4)
      await client.query(`set local timezone = 'UTC'`)
      const bounds = await client.query(`
        select pg_get_expr(relpartbound, oid) as bound from pg_class where relname in ('tool_usage_w20251020', 'tool_usage_w20250324') order by relname`)
      expect(bounds.rows.map(({ bound }) => bound)).toEqual([
        expect.stringMatching(/2025-03-24 00:00:00\+00.*2025-03-31 00:00:00\+00/),
        expect.stringMatching(/2025-10-20 00:00:00\+00.*2025-10-27 00:00:00\+00/),
      ])
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

  it('takes a usage of any time, and moves it to its week when that is made', async () => {
    const { funes, pool } = db()
    const insert = (at: string) =>
      pool.query(
        `insert into tool_usage (id, tool_id, success, at) select gen_random_uuid(), id, true, $1 from tools where name = 'pen'`,
        [at],
      )
    for (const at of [
      '2026-01-05T00:00:00Z',
      '2026-01-11T23:59:59.999Z',
      '2026-01-12T00:00:00Z',
      '0100-01-01T00:00:00Z',
    ])
      await insert(at)
    expect((await funes.tools.sweepUsage()).madePartitions).toBe(2)
    expect(await partitions()).toEqual(
      expect.arrayContaining(['tool_usage_w20260105', 'tool_usage_w20260112']),
    )
    const of = async (table: string) =>
      (await pool.query(`select count(*)::int4 as n from ${table}`)).rows[0].n
    expect([
      await of('tool_usage_w20260105'),
      await of('tool_usage_w20260112'),
      await of('tool_usage_default'),
    ]).toEqual([2, 1, 1])
    const range = { since: new Date('0001-01-01T00:00:00Z'), until: new Date('2026-06-01T00:00:00Z') }
    expect(await funes.tools.usage({ ...range, exact: false })).toMatchObject({ calls: 4 })
    expect(await count()).toBe(4)
    await funes.tools.dropUsageBefore({ before: new Date('2026-02-02T00:00:00Z') })
    expect(await count()).toBe(0)
  })

  it('drops old weeks and keeps what they added up to', async () => {
    const { tools } = db().funes
    const monday = Date.parse('2026-08-03T00:00:00Z')
    const usages = Array.from({ length: 28 }, (_, day) =>
      made(new Date(monday + day * DAY + 5_000_000), {
        success: day % 4 > 0,
        ...(day % 4 === 0 && { error: 'Dry' }),
      }),
    )
    await tools.recordUsageMany(usages, { wait: true })
    const range = {
      since: new Date(monday),
      until: new Date(monday + 28 * DAY),
      timeZone: 'America/New_York',
    } as const
    const before = await tools.usage({ ...range, tool: 'pen', bucket: 'day', exact: false })
    expect(before).toMatchObject({ calls: 28, failures: 7, users: 1, inputTokens: 84, rawFrom: null })

    // Not in the middle of a week: the week in which the moment falls stays.
    const rawFrom = new Date(monday + 2 * WEEK)
    expect(await tools.dropUsageBefore({ before: new Date(rawFrom.getTime() + 3 * DAY) })).toEqual({
      rawFrom,
      droppedPartitions: ['tool_usage_w20260803', 'tool_usage_w20260810'],
    })
    expect(await count()).toBe(14)
    expect(await tools.usage({ ...range, tool: 'pen', bucket: 'day' })).toEqual({
      ...before,
      rawFrom,
      exact: false,
    })
    expect(await tools.usage({ ...range, exact: true })).toMatchObject({
      calls: 14,
      since: rawFrom,
      exact: true,
    })
    expect(await tools.usage({ ...range, userId: 'ada' })).toMatchObject({ calls: 14, since: rawFrom })
    await tools.sweepUsage()
    expect(await tools.usage({ ...range, tool: 'pen', bucket: 'day' })).toEqual({
      ...before,
      rawFrom,
      exact: false,
    })

    // Somebody who comes late is counted, though the row is not kept for long.
    await tools.recordUsage({ ...made(new Date(monday + 100)), wait: true })
    expect(await tools.usage(range)).toMatchObject({ calls: 29 })
    const again = await tools.sweepUsage({ keepRawMs: Date.now() - rawFrom.getTime() })
    expect(again).toMatchObject({ madePartitions: 0, droppedPartitions: [] })
    expect(await count()).toBe(14)
    expect(await tools.usage(range)).toMatchObject({ calls: 29 })
  })

  it('takes a cut hour whole where its rows are gone', async () => {
    const { tools } = db().funes
    const at = new Date('2026-07-06T10:50:00Z')
    await tools.recordUsage({ ...made(at), wait: true })
    const before = {
      since: new Date('2026-07-06T10:30:00Z'),
      until: new Date('2026-07-06T12:00:00Z'),
      tool: 'pen',
    }
    expect((await tools.usage({ ...before, exact: false })).calls).toBe(1)
    await tools.dropUsageBefore({ before: new Date('2026-08-01T00:00:00Z') })
    expect((await tools.usage(before)).calls).toBe(0)
    expect((await tools.usage({ ...before, since: new Date('2026-07-06T10:00:00Z') })).calls).toBe(1)
    // Of all tools together quarters of an hour are known.
    expect((await tools.usage({ since: before.since, until: before.until })).calls).toBe(1)
  })

  it('adds up the same whoever does it, and however many at once', async () => {
    const many = await Promise.all(
      Array.from({ length: 4 }, () => db().open({ toolUsage: { batchSize: 7 } })),
    )
    const at = new Date('2026-10-10T10:10:10Z')
    await Promise.all(
      many.map(async ({ tools }, i) => {
        for (let round = 0; round < 5; round++) {
          const usages = Array.from({ length: 20 }, (_, n) =>
            made(new Date(at.getTime() + n * 60_000), {
              tool: n % 2 ? 'pen' : 'ink',
              userId: `u${i}`,
              success: n % 5 > 0,
            }),
          )
          await tools.recordUsageMany(usages, { wait: true })
          await tools.sweepUsage()
        }
      }),
    )
    const { tools } = db().funes
    await tools.sweepUsage()
    const range = { since: new Date('2026-10-10T00:00:00Z'), until: new Date('2026-10-11T00:00:00Z') }
    const { exact: _, ...counted } = await tools.usage({ ...range, exact: true })
    const summed = await tools.usage({ ...range, exact: false })
    expect(summed).toMatchObject({ ...counted, users: 4, durationMs: { mean: 100 } })
    expect(summed).toMatchObject({ calls: 400, failures: 80 })
    expect(await tools.usage({ ...range, tool: 'ink', exact: false })).toMatchObject({ calls: 200 })
    const cells = await db().pool.query('select count(*)::int4 as n from tool_usage_rollups')
    // Two quarters, an hour, six hours and a day, of all tools and of each.
    expect(cells.rows[0].n).toBe((2 + 1 + 1 + 1) * 3)
    for (const funes of many) await funes.close()
  })

  it('follows rows that are changed or removed, and a tool that is gone', async () => {
    const { funes, pool } = db()
    const at = new Date('2026-10-10T10:10:10Z')
    const range = {
      since: new Date('2026-10-10T00:00:00Z'),
      until: new Date('2026-10-11T00:00:00Z'),
      exact: false,
    }
    await pool.query(`insert into tools (name, description) values ('chalk', 'x')`)
    await funes.tools.recordUsageMany([made(at), made(at, { userId: 'bob' }), made(at, { tool: 'chalk' })], {
      wait: true,
    })
    await funes.tools.sweepUsage()
    await pool.query(`update tool_usage set success = false, duration_ms = 200 where user_id = 'bob'`)
    expect(await funes.tools.usage(range)).toMatchObject({
      calls: 3,
      failures: 1,
      durationMs: { mean: 400 / 3 },
    })
    await pool.query(`delete from tool_usage where user_id = 'bob'`)
    expect(await funes.tools.usage(range)).toMatchObject({
      calls: 2,
      failures: 0,
      errors: [],
      durationMs: { mean: 100 },
    })
    // Who was removed is in the bits of nobody's cell any more once the removal is added up.
    await funes.tools.sweepUsage()
    const bits = await pool.query(
      `select count(*)::int4 as n from tool_usage_rollups where users & tool_usage_bits('bob') = tool_usage_bits('bob')`,
    )
    expect(bits.rows[0].n).toBe(0)
    expect(await funes.tools.usage(range)).toMatchObject({ calls: 2, users: 1, sessions: 1 })
    await pool.query(`delete from tools where name = 'chalk'`)
    expect(await funes.tools.usage(range)).toMatchObject({ calls: 1 })
    await funes.tools.sweepUsage()
    expect(await funes.tools.usage(range)).toMatchObject({
      calls: 1,
      failures: 0,
      errors: [],
      durationMs: { mean: 100 },
    })
    const tools = await pool.query('select distinct tool_id from tool_usage_rollups where tool_id > 0')
    expect(tools.rows).toHaveLength(1)
  })

  it('tell how lately and how often a tool was used from totals alone', async () => {
    const { funes } = db()
    const at = new Date(Date.now() - 40 * DAY)
    await funes.tools.recordUsageMany([made(at), made(new Date(Date.now() - DAY), { success: false })], {
      wait: true,
    })
    const summary = statement<{
      name: string
      calls: string
      failures: string
      last_used_at: Date | null
    }>(sql`
      select t.name, s.*
      from tools t cross join lateral (${toolUsageSummary(sql`t.id`, sql`(now() - interval '30 days')`)}) s
      order by t.name`)
    const fresh = await run(summary)
    expect(fresh).toMatchObject([
      { name: 'ink', calls: '0', last_used_at: null },
      { name: 'pen', calls: '1', failures: '1' },
    ])
    await funes.tools.sweepUsage()
    expect(await run(summary)).toEqual(fresh)
  })
})
