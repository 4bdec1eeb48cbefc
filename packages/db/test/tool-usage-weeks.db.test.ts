import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from '../src/generated/migrations.js'
import { createFunes } from '../src/index.js'
import { createMigrationsTable, insertApplied } from '../src/sql/migrations.js'
import { compile, type Statement } from '../src/sql/statement.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

const MAKES_WEEKS = '20261123150000_tool_usage'
const MENDS_WEEKS = '20261123190000_tool_usage_upkeep'

/** The clock is put back in the night before the second Monday: by it seven days from the first are an hour more. */
const MOMENTS = ['2026-10-20T12:00:00Z', '2026-10-26T00:30:00Z', '2026-10-27T12:00:00Z']

describeOnServer('weeks of usages on a server whose clock is put back (server)', () => {
  let pool: pg.Pool
  let drop: () => Promise<unknown>
  const run = async (of: Statement<unknown>) => {
    const { text, values } = compile(of)
    await pool.query(text, values)
  }

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    const name = new URL(database.url).pathname.slice(1)
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
    await pool.query(`alter database ${name} set timezone = 'Europe/Berlin'`)
    await pool.end()
    pool = new pg.Pool({ connectionString: database.url, max: 4 })
    pool.on('error', () => {})
    drop = async () => {
      await pool.end()
      await database.drop()
    }
  })
  afterAll(() => drop?.())

  const strays = async () =>
    (await pool.query('select count(*)::int4 as n from tool_usage_default')).rows[0].n
  const weekOf = async (at: string) =>
    (await pool.query('select tableoid::regclass::text as week from tool_usage where at = $1', [at])).rows[0]
      .week
  const wrongWeeks = async () => {
    const client = await pool.connect()
    await client.query(`begin; set local timezone = 'UTC'`)
    const { rows } = await client.query(
      `select relname, pg_get_expr(relpartbound, oid) as bound from pg_class where relname ~ '^tool_usage_w[0-9]+$'`,
    )
    await client.query('rollback')
    client.release()
    expect(rows.length).toBeGreaterThan(5)
    return rows.filter(({ bound }) => {
      const [from = 0, to = 0] = [...bound.matchAll(/'([^']+)'/g)].map(([, at]) => Date.parse(at))
      return to - from !== 7 * 86_400_000
    })
  }

  it('are made as they should be while it is migrated', async () => {
    await run(createMigrationsTable)
    for (const { name, sql, checksum } of migrations.filter((one) => one.name < MAKES_WEEKS)) {
      await pool.query(sql)
      await run(insertApplied(crypto.randomUUID(), name, checksum))
    }
    await pool.query(`insert into tools (name, description) values ('hammer', 'x')`)
    await pool.query(
      `insert into tool_usage (id, tool_id, success, at) select gen_random_uuid(), id, true, m.at from tools, unnest($1::timestamptz[]) as m (at)`,
      [MOMENTS],
    )
    const funes = await createFunes({ pool })
    await funes.migrate()
    expect(await wrongWeeks()).toEqual([])
    expect(await strays()).toBe(0)
    expect(await Promise.all(MOMENTS.map(weekOf))).toEqual([
      ...['tool_usage_w20261019', 'tool_usage_w20261026', 'tool_usage_w20261026'],
    ])
    await funes.close()
  })

  it('are mended where they were made wrong, and nothing is counted again', async () => {
    // As an earlier release made them: the first an hour too long, the second not at all, and another an hour too short.
    await pool.query(`
      alter table tool_usage detach partition tool_usage_w20261019;
      alter table tool_usage detach partition tool_usage_w20261026;
      alter table tool_usage attach partition tool_usage_w20261019 for values from ('2026-10-19 00:00Z') to ('2026-10-26 01:00Z');
      with moved as (delete from tool_usage_w20261026 returning *)
        insert into tool_usage_w20261019 select * from moved where at < '2026-10-26 01:00Z'`)
    await pool.query(`
      insert into tool_usage_default (id, tool_id, success, at)
        select gen_random_uuid(), id, true, '2026-10-27T12:00:00Z' from tools;
      drop table tool_usage_w20261026;
      select tool_usage_make_partitions(array['2026-03-25Z'::timestamptz]);
      alter table tool_usage detach partition tool_usage_w20260323;
      alter table tool_usage attach partition tool_usage_w20260323 for values from ('2026-03-23 00:00Z') to ('2026-03-29 23:00Z')`)
    await pool.query(
      `insert into tool_usage (id, tool_id, success, at) select gen_random_uuid(), id, true, '2026-03-29T23:30:00Z' from tools`,
    )
    expect(await wrongWeeks()).toHaveLength(2)
    const funes = await createFunes({ pool })
    const all = {
      since: new Date('2026-01-01T00:00:00Z'),
      until: new Date('2026-11-01T00:00:00Z'),
      exact: false,
    }
    const before = await funes.tools.usage(all)
    expect(before.calls).toBe(4)

    const mending = migrations.find(({ name }) => name === MENDS_WEEKS)?.sql.split(/^-- Drops/m)[0]
    await pool.query(mending as string)
    expect(await wrongWeeks()).toEqual([])
    expect(await strays()).toBe(0)
    expect(await weekOf('2026-10-26T00:30:00Z')).toBe('tool_usage_w20261026')
    expect(await weekOf('2026-03-29T23:30:00Z')).toBe('tool_usage_w20260323')
    expect(await funes.tools.usage(all)).toEqual(before)
    expect(await funes.tools.usage({ ...all, exact: true })).toMatchObject({ calls: 4 })
    await funes.close()
  })
})
