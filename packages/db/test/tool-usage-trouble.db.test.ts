import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import type { RecordUsage } from '../src/index.js'
import { onEveryEngine } from './engines.js'

const good: RecordUsage = { tool: 'hammer', success: true, durationMs: 5 }

async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await done())) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await sleep(10)
  }
}

onEveryEngine('recording usages in trouble', (db) => {
  const count = async (of: string) =>
    (await db().pool.query(`select count(*)::int4 as n from ${of}`)).rows[0].n as number
  const open = () => db().open({ toolUsage: { flushIntervalMs: 60_000 } })

  beforeAll(async () => {
    await db().pool.query(`
      insert into tools (name, description) values ('hammer', 'x');
      create function refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'no' using errcode = tg_argv[0];
      end
      $$`)
  })
  beforeEach(async () => {
    await db().pool.query('delete from tool_usage')
    await db().funes.tools.sweepUsage()
  })

  it('keeps a version’s usages when a new one comes, and takes late ones for it', async () => {
    const funes = await open()
    const { tools } = funes
    const register = (description: string) =>
      tools.register({ name: 'plane', description, parameters: { type: 'object' }, embedding: null })
    const callsOf = async (of: { version?: number }) =>
      (await tools.usage({ tool: 'plane', exact: false, ...of })).calls
    const expectCalls = async () =>
      expect([await callsOf({}), await callsOf({ version: 1 }), await callsOf({ version: 2 })]).toEqual([
        4, 3, 1,
      ])
    await register('smooths')
    const call = { tool: 'plane', success: true }
    await tools.recordUsageMany([call, call], { wait: true })
    await register('smooths wood')
    await tools.recordUsageMany([call, { ...call, version: 1 }, { ...call, version: 3 }])
    await tools.flushUsage()
    expect(tools.usageStats()).toMatchObject({ written: 4, dropped: { unknownTool: 1 }, failed: 0 })
    await expectCalls()
    await tools.sweepUsage()
    await expectCalls()

    const unknown = { code: 'TOOL.NOT_FOUND', meta: { tool: 'plane', version: 3 } }
    const ada = funes.as({ userId: 'ada' })
    await expect(tools.recordUsage({ ...call, version: 3, wait: true })).rejects.toMatchObject(unknown)
    await expect(ada.tools.recordUsage({ ...call, version: 3 })).rejects.toMatchObject(unknown)
    await ada.tools.recordUsage({ ...call, version: 1 })
    expect(await ada.tools.usage({ tool: 'plane', version: 1 })).toMatchObject({ calls: 1 })
    expect(await ada.tools.usage({ tool: 'plane', version: 2 })).toMatchObject({ calls: 0 })
    expect(await tools.recordUsageMany([call, { ...call, version: 3 }], { wait: true })).toEqual({
      accepted: 1,
      dropped: 1,
      unknownTools: ['plane@3'],
    })
    await expect(tools.recordUsage({ ...call, version: 1.5, wait: true })).rejects.toMatchObject({
      code: 'INPUT.INVALID',
      meta: { path: 'version' },
    })
    await tools.remove({ name: 'plane', purgeUsage: true })
    await funes.close()
  })

  it('keeps what is queued while nothing can be written, and stores it when that is over', async () => {
    const funes = await open()
    // As of a server that was made read-only, such as by a failover.
    await db().pool.query(
      `create trigger refusing before insert on tool_usage for each statement execute function refuse('25006')`,
    )
    await funes.tools.recordUsageMany([good, good])
    const flushed = funes.tools.flushUsage()
    await until(() => funes.tools.usageStats().lastError !== null)
    expect(funes.tools.usageStats()).toMatchObject({ queued: 2, failed: 0 })
    await db().pool.query('drop trigger refusing on tool_usage')
    await flushed
    expect(funes.tools.usageStats()).toMatchObject({ queued: 0, written: 2, failed: 0 })
    await funes.close()
  })

  it('loses no more than the row that is refused', async () => {
    const funes = await open()
    await db().pool.query(`alter table tool_usage add constraint refusing check (user_id <> 'nobody')`)
    const usages = Array.from({ length: 50 }, (_, i) => ({
      ...good,
      userId: i === 17 || i === 40 ? 'nobody' : `u${i}`,
    }))
    await funes.tools.recordUsageMany(usages)
    await funes.tools.flushUsage()
    expect(funes.tools.usageStats()).toMatchObject({
      ...{ queued: 0, written: 48, failed: 2, lastError: 'DB.CONSTRAINT' },
    })
    expect(await count('tool_usage')).toBe(48)
    await db().pool.query('alter table tool_usage drop constraint refusing')
    await funes.close()
  })

  it('takes no call that is yet to come, but for clocks that differ', async () => {
    const { tools } = db().funes
    const ahead = (minutes: number) => ({ ...good, at: new Date(Date.now() + minutes * 60_000) })
    const refusal = { code: 'INPUT.INVALID', message: expect.stringContaining('an hour ahead') }
    await expect(tools.recordUsage({ ...ahead(61), wait: true })).rejects.toMatchObject({
      ...refusal,
      meta: { path: 'at' },
    })
    await expect(tools.recordUsageMany([good, ahead(61)], { wait: true })).rejects.toMatchObject({
      ...refusal,
      meta: { path: 'usages[1].at' },
    })
    const scoped = db().funes.as({ userId: 'ada' }).tools
    await expect(scoped.recordUsage({ ...ahead(61), userId: 'ada' })).rejects.toMatchObject(refusal)
    const before = tools.usageStats().dropped.invalid
    await tools.recordUsage(ahead(61))
    expect(tools.usageStats().dropped.invalid).toBe(before + 1)
    await tools.recordUsage({ ...ahead(59), wait: true })
  })

  it('refuses more metadata than a usage may have, and names the one of many that is wrong', async () => {
    const { tools } = db().funes
    const large = { ...good, metadata: { text: 'x'.repeat(16_384) } }
    await expect(tools.recordUsage({ ...large, wait: true })).rejects.toMatchObject({
      code: 'INPUT.INVALID',
      meta: { path: 'metadata' },
    })
    await expect(
      tools.recordUsageMany([good, { ...good, durationMs: -1 }], { wait: true }),
    ).rejects.toMatchObject({ code: 'INPUT.INVALID', meta: { path: 'usages[1].durationMs', index: 1 } })
    expect(await tools.recordUsageMany([large, good])).toMatchObject({ accepted: 1, dropped: 1 })
    expect(await tools.recordUsageMany([], null as never)).toMatchObject({ accepted: 0 })
    await tools.flushUsage()
    expect(await count('tool_usage')).toBe(1)
  })

  it('says how many are stored when a later batch fails', async () => {
    const funes = await db().open({ toolUsage: { batchSize: 1 } })
    await db().pool.query(`alter table tool_usage add constraint refusing check (user_id <> 'nobody')`)
    const usages = [good, good, { ...good, userId: 'nobody' }]
    await expect(funes.tools.recordUsageMany(usages, { wait: true })).rejects.toMatchObject({
      code: 'DB.CONSTRAINT',
      meta: { accepted: 2 },
    })
    expect(await count('tool_usage')).toBe(2)
    await db().pool.query('alter table tool_usage drop constraint refusing')
    await funes.close()
  })

  it('counts a call once that is recorded again under its id', async () => {
    const { tools } = db().funes
    const call = { ...good, id: randomUUID(), at: new Date() }
    await tools.recordUsage({ ...call, wait: true })
    await tools.recordUsageMany([call, { ...call, id: randomUUID() }], { wait: true })
    expect(await tools.usage({ exact: false })).toMatchObject({ calls: 2 })
    const { at: _, ...timeless } = call
    await expect(tools.recordUsage({ ...timeless, wait: true })).rejects.toMatchObject({
      meta: { path: 'id' },
    })
  })

  it('takes errors of other realms, and texts that no column holds', async () => {
    const funes = await open()
    const foreign = runInNewContext(`Object.assign(new RangeError('far'), { self: globalThis })`)
    for (const error of [foreign, { class: 'Odd\u0000', message: 'a\ud800' }])
      await funes.tools.recordUsage({ tool: 'hammer', success: false, error })
    await funes.tools.flushUsage()
    const stored = await funes.prisma.toolUsage.findMany({ orderBy: { error: 'asc' } })
    expect(stored.map(({ error, errorMessage }) => [error, errorMessage])).toEqual([
      ['Odd', 'a\ufffd'],
      ['RangeError', 'far'],
    ])
    await funes.close()
  })

  it('adds up what was stored within transactions, and what a process left that is gone', async () => {
    const gone = await open()
    await gone.tools.recordUsage({ ...good, wait: true })
    await until(async () => (await count('tool_usage_deltas')) === 0)
    const funes = await open()
    await db().pool.query(
      `insert into tool_usage (id, tool_id, success) select gen_random_uuid(), id, true from tools`,
    )
    expect(await count('tool_usage_deltas')).toBe(1)
    await funes.transaction(async () => {
      await funes.tools.recordUsage({ ...good, wait: true })
    })
    await funes.close()
    expect(await count('tool_usage_deltas')).toBe(0)
    expect(await db().funes.tools.usage({ exact: false })).toMatchObject({ calls: 3 })
    await gone.close()
  })

  it('has nobody wait for what is added up', async ({ skip }) => {
    // On one connection nobody can stand in the way.
    skip(db().engine === 'embedded')
    const funes = await open()
    const holder = await db().pool.connect()
    await holder.query('begin; lock table tool_usage_rollups in exclusive mode')
    await funes.tools.recordUsage({ ...good, wait: true, timeoutMs: 5_000 })
    await holder.query('rollback')
    holder.release()
    await funes.close()
    expect(await count('tool_usage_deltas')).toBe(0)
  })
})
