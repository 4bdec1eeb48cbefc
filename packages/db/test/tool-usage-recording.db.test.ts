import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { createFunes, type Funes, type RecordUsage, type UsageStats } from '../src/index.js'
import { compile, type Statement } from '../src/sql/statement.js'
import { newUsage, writeUsages } from '../src/tools/usage/write.js'
import { describeOnServer, emptyServerDatabase, onEveryEngine, type TestDatabase } from './engines.js'

const good: RecordUsage = { tool: 'hammer', success: true, durationMs: 5 }
const wrong = { tool: 'hammer', success: 'yes' } as unknown as RecordUsage

async function rows({ pool }: Pick<TestDatabase, 'pool'>): Promise<number> {
  return (await pool.query('select count(*)::int4 as n from tool_usage')).rows[0].n
}

async function until(done: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await done())) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await sleep(10)
  }
}

const counts = ({ queued, written, dropped, failed }: UsageStats) => ({ queued, written, ...dropped, failed })
const none = {
  queued: 0,
  written: 0,
  overload: 0,
  unknownTool: 0,
  invalid: 0,
  closed: 0,
  purged: 0,
  failed: 0,
}

/** What Funes says aloud while `work` runs. */
async function warnings(work: () => Promise<void>): Promise<string[]> {
  const heard: string[] = []
  const listen = (warning: Error & { code?: string }) => heard.push(warning.code ?? '')
  process.on('warning', listen)
  await work()
  await sleep(10)
  process.off('warning', listen)
  return heard.filter((code) => code.startsWith('FUNES_USAGE_'))
}

onEveryEngine('recording usages', (db) => {
  let funes: Funes
  beforeAll(async () => {
    await db().pool.query(
      `insert into tools (name, description, version) values ('hammer', 'x', 3), ('saw', 'x', 1)`,
    )
  })
  beforeEach(async () => {
    await db().pool.query('delete from tool_usage')
    await db().funes.tools.sweepUsage()
  })
  /** A Funes with a queue of its own, closed by the test. */
  const open = async (toolUsage = {}) => {
    funes = await db().open({ toolUsage: { flushIntervalMs: 60_000, ...toolUsage } })
    return funes.tools
  }

  it('queues, and stores what it was given with the version of the tool', async () => {
    const tools = await open()
    const at = new Date('2026-11-02T03:04:05.678Z')
    await tools.recordUsage({
      ...good,
      userId: 'nobody yet',
      sessionId: 's',
      inputTokens: 1,
      outputTokens: 2,
      metadata: { a: [1] },
      at,
    })
    await tools.recordUsage({ tool: 'saw', success: false, error: new TypeError('blunt') })
    expect(counts(tools.usageStats())).toEqual({ ...none, queued: 2 })
    expect(await rows(db())).toBe(0)
    await tools.flushUsage()
    expect(counts(tools.usageStats())).toEqual({ ...none, written: 2 })
    const stored = await funes.prisma.toolUsage.findMany({ orderBy: { at: 'asc' }, include: { tool: true } })
    expect(stored).toMatchObject([
      {
        ...{
          toolVersion: 3,
          userId: 'nobody yet',
          sessionId: 's',
          success: true,
          durationMs: 5,
          error: null,
        },
        ...{ inputTokens: 1, outputTokens: 2, metadata: { a: [1] }, at, tool: { name: 'hammer' } },
      },
      {
        toolVersion: 1,
        userId: null,
        success: false,
        durationMs: null,
        error: 'TypeError',
        errorMessage: 'blunt',
      },
    ])
    await funes.close()
  })

  it('sends a full batch at once, a started one after a while, and the rest on close', async () => {
    const tools = await open({ batchSize: 3, flushIntervalMs: 50 })
    expect(await tools.recordUsageMany([good, good, good])).toEqual({
      accepted: 3,
      dropped: 0,
      unknownTools: [],
    })
    await until(async () => (await rows(db())) === 3)
    await tools.recordUsage(good)
    await until(async () => (await rows(db())) === 4)
    await funes.close()

    const last = await open()
    await last.recordUsageMany([good, good])
    await funes.close()
    expect(await rows(db())).toBe(6)
    await last.recordUsage(good)
    expect(counts(last.usageStats())).toEqual({ ...none, written: 2, closed: 1 })
    await expect(last.recordUsage({ ...good, wait: true })).rejects.toMatchObject({ code: 'CLIENT.CLOSED' })
  })

  it('drops what there is no room for, counts it, and says so once', async () => {
    const tools = await open({ maxQueued: 5 })
    const heard = await warnings(async () => {
      for (let i = 0; i < 9; i++) await tools.recordUsage(good)
    })
    expect(heard).toEqual(['FUNES_USAGE_OVERLOAD'])
    await tools.flushUsage()
    expect(counts(tools.usageStats())).toEqual({ ...none, written: 5, overload: 4 })
    await funes.close()
  })

  it('never fails the caller, unless it is asked to', async () => {
    const tools = await open()
    const heard = await warnings(async () => {
      await tools.recordUsage(wrong)
      await tools.recordUsage(undefined as never)
      await tools.recordUsage({ ...good, error: 'but it went well' })
      await tools.recordUsage({ tool: 'spoon', success: true })
      await tools.recordUsage(good)
      await tools.flushUsage()
    })
    expect(heard.sort()).toEqual(['FUNES_USAGE_INVALID', 'FUNES_USAGE_UNKNOWNTOOL'])
    expect(counts(tools.usageStats())).toEqual({ ...none, invalid: 3, unknownTool: 1, written: 1 })

    await expect(tools.recordUsage({ ...wrong, wait: true })).rejects.toMatchObject({
      code: 'INPUT.INVALID',
      meta: { path: 'success' },
    })
    await expect(tools.recordUsage({ ...good, tool: 'spoon', wait: true })).rejects.toMatchObject({
      code: 'TOOL.NOT_FOUND',
    })
    await expect(tools.recordUsageMany([good, wrong], { wait: true })).rejects.toMatchObject({
      code: 'INPUT.INVALID',
    })
    expect(await rows(db())).toBe(1)
    expect(await tools.recordUsageMany([good, { ...good, tool: 'spoon' }], { wait: true })).toEqual({
      accepted: 1,
      dropped: 1,
      unknownTools: ['spoon'],
    })
    await funes.close()
  })

  it('takes whatever a call threw, and whatever a getter throws, without failing', async () => {
    const tools = await open()
    const circular = Object.assign(new Error('no answer'), { code: 'ECONN', request: {} as object })
    circular.request = { circular }
    const thrown = [circular, Object.assign(new Error('x'), { body: 'a\u0000b' }), 'Odd\u0000: it \ud800 is']
    for (const error of thrown) await tools.recordUsage({ tool: 'saw', success: false, error })
    const hostile = Object.defineProperty({ ...good }, 'wait', {
      enumerable: true,
      get() {
        throw new Error('mine')
      },
    })
    await tools.recordUsage(hostile as never)
    expect(await tools.recordUsageMany(null as never)).toMatchObject({ accepted: 0, dropped: 1 })
    await tools.flushUsage()
    expect(counts(tools.usageStats())).toMatchObject({ written: 3, invalid: 2, failed: 0 })
    const stored = await funes.prisma.toolUsage.findMany({ orderBy: { error: 'asc' } })
    expect(stored.map(({ error }) => error)).toEqual(['ECONN', 'Error', 'Odd'])
    await funes.close()
  })

  it('ends a flush though usages keep coming, and leaves what is added up behind', async () => {
    const tools = await open({ batchSize: 5 })
    await tools.recordUsageMany([good, good])
    let isOver = false
    const coming = (async () => {
      while (!isOver) {
        for (let i = 0; i < 3; i++) await tools.recordUsage(good)
        await sleep(1)
      }
    })()
    await tools.flushUsage()
    isOver = true
    await coming
    expect(tools.usageStats().written).toBeGreaterThan(1)
    await funes.close()
    const { rows: deltas } = await db().pool.query('select count(*)::int4 as n from tool_usage_deltas')
    expect(deltas[0].n).toBe(0)
  })

  it('is part of a transaction when it waits, and stays when it does not', async () => {
    const tools = await open()
    const failing = funes.transaction(async () => {
      await tools.recordUsageMany(
        [
          { ...good, userId: 'in' },
          { tool: 'saw', success: false },
        ],
        { wait: true },
      )
      expect(await funes.prisma.toolUsage.count()).toBe(2)
      await tools.recordUsage({ ...good, userId: 'queued' })
      await expect(tools.flushUsage()).rejects.toMatchObject({ code: 'TRANSACTION.NOT_ALLOWED' })
      throw new Error('undo')
    })
    await expect(failing).rejects.toThrow('undo')
    await tools.flushUsage()
    expect((await funes.prisma.toolUsage.findMany()).map(({ userId }) => userId)).toEqual(['queued'])
    expect(await tools.usage({ tool: 'hammer', exact: false })).toMatchObject({ calls: 1, users: 1 })

    await funes.transaction(async () => {
      await tools.recordUsage({ ...good, metadata: { a: '"\\,{}' }, wait: true })
    })
    expect(await funes.prisma.toolUsage.count({ where: { metadata: { equals: { a: '"\\,{}' } } } })).toBe(1)
    await funes.close()
  })

  it('stores a batch once, however often it is sent', async () => {
    const tools = await open()
    const batch = [newUsage(good), { ...newUsage(good), at: new Date('2031-01-01T00:00:00Z') }]
    const executor = {
      async run<Row>(of: Statement<Row>) {
        const { text, values } = compile(of)
        return (await db().pool.query(text, values)).rows as Row[]
      },
    }
    for (let i = 0; i < 3; i++) await writeUsages(executor, batch, { isShared: true })
    expect(await rows(db())).toBe(2)
    expect(await tools.usage({ exact: false })).toMatchObject({ calls: 1 })
    await funes.close()
  })
})

describeOnServer('recording usages while the table cannot be written (server)', () => {
  it('tries again until it can, and loses nothing', async () => {
    const { url, drop } = await emptyServerDatabase()
    const funes = await createFunes({
      url,
      limits: { lockTimeoutMs: 100 },
      toolUsage: { flushIntervalMs: 10 },
    })
    await funes.migrate()
    await funes.prisma.tool.create({ data: { name: 'hammer', description: 'x' } })
    const blocked = funes.transaction(
      async (tx) => {
        await tx.prisma.$executeRaw`lock table tool_usage in share mode`
        await funes.tools.recordUsageMany(Array(50).fill(good))
        await until(() => funes.tools.usageStats().lastError === 'DB.LOCK_TIMEOUT')
      },
      { timeoutMs: 30_000 },
    )
    await blocked
    await funes.tools.flushUsage()
    expect(counts(funes.tools.usageStats())).toEqual({ ...none, written: 50 })
    expect(await funes.tools.usage({})).toMatchObject({ calls: 50 })
    await funes.close()
    await drop()
  })
})
