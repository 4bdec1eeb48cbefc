import { expect, it } from 'vitest'
import { type Funes, purgeDigest, type RecordUsage } from '../src/index.js'
import { onEveryEngine } from './engines.js'

const DAY = 86_400_000

const call = (userId: string, at = new Date()): RecordUsage => ({
  ...{ tool: 'pen', userId, sessionId: `s of ${userId}`, success: false, error: `Of ${userId}`, at },
})

onEveryEngine('a purge and the usage of tools', (db) => {
  const count = async (text: string, values: unknown[] = []) =>
    Number((await db().pool.query(`select count(*) as n from ${text}`, values)).rows[0].n)
  const rowsOf = (userId: string) => count('tool_usage where user_id = $1', [userId])

  /** Cells and changes to them in which the user, or its session, is marked. */
  const marksOf = async (userId: string) => {
    const marked = `
      where users & tool_usage_bits($1) = tool_usage_bits($1)
        or sessions & tool_usage_bits($1 || ' s of ' || $1) = tool_usage_bits($1 || ' s of ' || $1)`
    return {
      cells: await count(`tool_usage_rollups ${marked}`, [userId]),
      changes: await count(`tool_usage_deltas ${marked}`, [userId]),
    }
  }

  async function fresh(): Promise<Funes> {
    const { pool, open } = db()
    await pool.query(`
      insert into tools (name, description) values ('pen', 'x') on conflict (name) do nothing;
      delete from tool_usage;
      delete from tool_usage_deltas;
      delete from tool_usage_rollups;
      delete from purged_users;
      update tool_usage_retention set raw_from = null`)
    return open({ toolUsage: { flushIntervalMs: 60_000 } })
  }

  it('leaves nothing to be stored that was queued before, in whatever process', async () => {
    const [one, other] = [await fresh(), await db().open({ toolUsage: { flushIntervalMs: 60_000 } })]
    for (const { tools } of [one, other]) await tools.recordUsageMany([call('ada'), call('bob'), call('ada')])
    expect(one.tools.usageStats().queued + other.tools.usageStats().queued).toBe(6)
    await one.purge({ userId: 'ada' })
    for (const { tools } of [one, other]) {
      await tools.flushUsage()
      expect(tools.usageStats()).toMatchObject({ queued: 0, written: 1, failed: 0, dropped: { purged: 2 } })
    }
    expect([await rowsOf('ada'), await rowsOf('bob')]).toEqual([0, 2])
    const totals = await one.tools.usage({ tool: 'pen', exact: false })
    expect(totals).toMatchObject({ calls: 2, users: 1, sessions: 1, errors: [{ class: 'Of bob', calls: 2 }] })

    // Whoever comes back is another one: at once where somebody waits, and in the queue once clocks can tell.
    await one.tools.recordUsage({ ...call('ada'), wait: true })
    expect(await rowsOf('ada')).toBe(1)
    await db().pool.query(`update purged_users set purged_at = now() - interval '2 minutes'`)
    await one.tools.recordUsage(call('ada'))
    await one.tools.flushUsage()
    expect(await rowsOf('ada')).toBe(2)
    await Promise.all([one.close(), other.close()])
  })

  it('keeps no name of who was purged, and forgets within days that somebody was', async () => {
    const funes = await fresh()
    await funes.purge({ userId: 'ada' })
    const { rows } = await db().pool.query(
      `select encode(user_hash, 'hex') = encode(sha256('ada'), 'hex') as "isHash" from purged_users`,
    )
    expect(rows).toEqual([{ isHash: true }])
    await db().pool.query(`update purged_users set purged_at = now() - interval '25 hours'`)
    await funes.tools.sweepUsage()
    expect(await count('purged_users')).toBe(0)
    await funes.close()
  })

  it('takes the user out of all totals, also of those whose rows were dropped before', async () => {
    const funes = await fresh()
    const weeks = Date.now() - 30 * DAY
    const old = [
      call('ada', new Date(weeks)),
      call('bob', new Date(weeks)),
      call('ada', new Date(weeks + DAY)),
    ]
    await funes.sessions.start({ userId: 'ada', id: 's of ada' })
    await funes.tools.recordUsageMany([...old, call('ada'), call('bob', new Date(Date.now() - 3_600_000))], {
      wait: true,
    })
    await funes.tools.sweepUsage()
    await funes.tools.dropUsageBefore({ before: new Date(Date.now() - 14 * DAY) })
    // One that comes late, for a week whose rows are gone, and one that is not added up yet.
    await funes.tools.recordUsageMany([call('ada', new Date(weeks + 2 * DAY)), call('ada')], { wait: true })
    expect(await marksOf('ada')).toMatchObject({ cells: expect.toSatisfy((n: number) => n > 5), changes: 2 })
    const before = await marksOf('bob')

    const receipt = await funes.purge({ userId: 'ada' })
    expect(receipt.removed).toMatchObject({ tool_usage: 3, sessions: 1 })
    expect(receipt.unmarkedTotals).toBeGreaterThan(0)
    expect(purgeDigest(receipt)).toBe(receipt.digest)
    expect(await marksOf('ada')).toEqual({ cells: 0, changes: 0 })
    expect(await marksOf('bob')).toEqual(before)
    // What was called is counted as long as nobody can say by whom; the last call that is left is bob's.
    const range = { since: new Date(weeks - 10 * DAY), until: new Date(Date.now() + DAY) }
    expect(await funes.tools.usage(range)).toMatchObject({ calls: 4, users: 1, sessions: 1 })
    const { lastUsedAt } = await funes.tools.usage({ tool: 'pen', exact: false, until: range.until })
    expect(lastUsedAt?.getTime()).toBeLessThan(Date.now() - 3_500_000)
    expect((await funes.purge({ userId: 'ada' })).unmarkedTotals).toBe(0)
    await funes.close()
  })

  it('is told even where what follows the removal fails', async () => {
    const { pool, url } = db()
    const funes = await fresh()
    await pool.query(`
      create type odd as (a int);
      create function odd_text(odd) returns text language plpgsql as
        $$ begin raise exception 'gone' using errcode = '57P01'; end $$;
      create cast (odd as text) with function odd_text(odd);
      create table oddities (user_id odd);
      insert into oddities values (row(1))`)
    await funes.memories.add({ userId: 'ada', content: 'x', embedding: null })
    const receipt = await funes.purge({ userId: 'ada' })
    expect(receipt).toMatchObject({ removed: { memories: 1, users: 1 }, unread: ['oddities'], left: [] })
    expect(receipt.remaining).not.toHaveProperty('oddities')
    await pool.query('drop table oddities; drop type odd cascade')

    if (url !== undefined) {
      const holder = await pool.connect()
      await holder.query('begin; lock table sessions in share update exclusive mode')
      await funes.memories.add({ userId: 'ada', content: 'x', embedding: null })
      const purging = funes.purge({ userId: 'ada', vacuum: true })
      const cancel = `select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and query ilike '%vacuum (index_cleanup%' and wait_event_type = 'Lock'`
      await expect.poll(async () => (await pool.query(cancel)).rowCount, { timeout: 10_000 }).toBe(1)
      const told = await purging
      expect(told).toMatchObject({ removed: { memories: 1, users: 1 }, vacuumed: false })
      expect(told.vacuumError).toMatch(/^DB\./)
      await holder.query('rollback')

      // Called off while it waits for a table of somebody else's.
      await pool.query('create table theirs (user_id text)')
      await funes.memories.add({ userId: 'ada', content: 'x', embedding: null })
      await holder.query('begin; lock table theirs in access exclusive mode')
      const giving = new AbortController()
      const late = funes.purge({ userId: 'ada', signal: giving.signal })
      await expect.poll(() => count(`users where id = 'ada'`), { timeout: 10_000 }).toBe(0)
      giving.abort()
      expect(await late).toMatchObject({ removed: { memories: 1, users: 1 }, unread: ['theirs'] })
      await expect(funes.purge({ userId: 'bob', signal: giving.signal })).rejects.toMatchObject({
        code: 'CALL.ABORTED',
      })
      await holder.query('rollback; drop table theirs')
      holder.release()
    }
    await funes.close()
  })
})
