import pg from 'pg'
import { expect, it } from 'vitest'
import { createFunes, isFunesError } from '../src/index.js'
import { describeOnServer, emptyServerDatabase, onEveryEngine, type TestDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'

const embedding = randomVector(random(7))
const memory = (userId: string, content = 'x') => ({ userId, content, embedding })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A pool of one connection. */
const single = ({ engine, url, pool }: TestDatabase) =>
  engine === 'server' ? new pg.Pool({ connectionString: url as string, max: 1 }) : pool

function gate(): { wait: Promise<void>; open: () => void } {
  let open: () => void = () => {}
  const wait = new Promise<void>((resolve) => {
    open = resolve
  })
  return { wait, open }
}

onEveryEngine('the pool', (db) => {
  it('names who has its connections when none becomes free in time', async () => {
    const pool = single(db())
    const funes = await db().open({ pool, limits: { acquireTimeoutMs: 1000 } })
    const { wait, open } = gate()
    const holding = funes.transaction(async (tx) => {
      await tx.memories.add(memory('held', 'a secret'))
      await wait
    })
    while (funes.pool.holders.length === 0) await sleep(5)
    await sleep(20)
    const during = funes.pool
    expect(during).toMatchObject({ active: 1, idle: 0, max: 1, holders: [{ operation: 'transaction' }] })
    expect(during.longestHeldMs).toBeGreaterThan(0)
    const error = await funes.memories.search({ userId: 'held', embedding }).catch((e: unknown) => e)
    expect(error).toMatchObject({
      code: 'DB.POOL_EXHAUSTED',
      meta: { max: 1, others: 0, holders: [{ operation: 'transaction', heldMs: expect.any(Number) }] },
    })
    const said = error as Error & { fix: string }
    expect(said.message).toMatch(/transaction has held one for \d+ ms/)
    expect(said.fix).toMatch(/maxConnections/)
    expect(JSON.stringify({ ...said, message: said.message })).not.toContain('secret')
    open()
    await holding
    expect(funes.pool).toMatchObject({ active: 0, waiting: 0, longestHeldMs: 0, holders: [] })
    expect(funes.pool.acquired).toBeGreaterThan(0)
    await funes.close()
    if (pool !== db().pool) await pool.end()
  })

  it('is left as it was found when it is the caller’s own', async () => {
    const pool = single(db())
    await pool.query('select 1')
    const client = await pool.connect()
    const listeners = () => [
      ...['error', 'remove', 'connect', 'acquire', 'release'].map((name) => pool.listenerCount(name)),
      client.listenerCount('error'),
    ]
    const before = { listeners: listeners(), options: { ...pool.options } }
    client.release()
    const funes = await db().open({ pool })
    await funes.memories.count({ scope: 'all-users' })
    await funes.transaction((tx) => tx.memories.count({ scope: 'all-users' }))
    await funes.close()
    const again = await pool.connect()
    expect(again).toBe(client)
    expect({ listeners: listeners(), options: { ...pool.options } }).toEqual(before)
    again.release()
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    if (pool !== db().pool) await pool.end()
  })

  it('that many share is listened to once', async () => {
    const { pool } = db()
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const all = await Promise.all(Array.from({ length: 12 }, () => db().open()))
    for (const funes of all) await funes.transaction((tx) => tx.memories.count({ userId: 'many' }))
    expect(pool.listenerCount('error')).toBeLessThan(5)
    for (const funes of all) await funes.close()
    await sleep(5)
    process.off('warning', note)
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
    expect(await db().funes.memories.count({ userId: 'many' })).toBe(0)
  })

  it('is closed when what runs has ended, and answers nobody afterwards', async () => {
    const pool = single(db())
    const funes = await db().open({ pool })
    const { wait, open } = gate()
    const running = funes.transaction(async (tx) => {
      await tx.memories.add(memory('drain', 'a'))
      await wait
      await funes.memories.add(memory('drain', 'b'))
    })
    while (funes.pool.holders.length === 0) await sleep(5)
    const closing = funes.close({ deadlineMs: 20_000 })
    const refused = await funes.memories.count({ userId: 'drain' }).catch((e: unknown) => e)
    expect(refused).toSatisfy((e) => isFunesError(e, 'CLIENT.CLOSED'))
    open()
    await running
    await closing
    expect(await db().funes.memories.count({ userId: 'drain' })).toBe(2)
    expect(() => funes.prisma).toThrow(/closed/)
    if (pool !== db().pool) await pool.end()
  })

  it('is closed by its deadline, whatever still runs, of which nothing is kept', async () => {
    const pool = single(db())
    const funes = await db().open({ pool })
    const running = funes
      .transaction(async (tx) => {
        await tx.memories.add(memory('late'))
        await new Promise(() => {})
      })
      .catch((e: unknown) => e)
    while (funes.pool.holders.length === 0) await sleep(5)
    const waiting = funes.memories.count({ userId: 'late' }).catch((e: unknown) => e)
    const startedAt = performance.now()
    await funes.close({ deadlineMs: 50 })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(await waiting).toSatisfy((e) => isFunesError(e, 'CLIENT.CLOSED'))
    await expect(funes.close({ deadlineMs: -1 })).rejects.toSatisfy((e) => isFunesError(e, 'INPUT.INVALID'))
    expect(await db().funes.memories.count({ userId: 'late' })).toBe(0)
    void running
    if (pool !== db().pool) await pool.end()
  })
})

describeOnServer('connections', () => {
  it('that drop while they are idle, in use or in a transaction end no process', async () => {
    const { url, drop } = await emptyServerDatabase()
    const funes = await createFunes({ url, limits: { maxConnections: 3 } })
    await funes.migrate()
    const killer = new pg.Client({ connectionString: url })
    await killer.connect()
    const killAll = () =>
      killer.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
    const lost = (e: unknown) => isFunesError(e, 'DB.UNREACHABLE')
    const inside = funes.transaction(
      async (tx) => {
        await tx.memories.add(memory('killed'))
        await killAll()
        await sleep(50)
        await tx.memories.add(memory('killed'))
      },
      { retry: false },
    )
    await expect(inside).rejects.toSatisfy(lost)
    const busy = funes.prisma.$queryRaw`select pg_sleep(5)`
    const failing = expect(busy).rejects.toThrow()
    await sleep(100)
    await killAll()
    await failing
    await Promise.all([1, 2, 3].map(() => funes.memories.count({ scope: 'all-users' })))
    await killAll()
    await sleep(50)
    expect(await funes.memories.count({ userId: 'killed' })).toBe(0)
    expect(funes.pool).toMatchObject({ active: 0, waiting: 0 })
    await funes.close()
    await killer.end()
    await drop()
  })

  it('of a caller’s pool are given the limits that they lack, in each transaction', async () => {
    const { url, drop } = await emptyServerDatabase()
    const pool = new pg.Pool({ connectionString: url, max: 2, lock_timeout: 4321 })
    const funes = await createFunes({ pool, limits: { statementTimeoutMs: 3000 } })
    await funes.migrate()
    const limits = `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
      current_setting('idle_in_transaction_session_timeout') as idle`
    for (let i = 0; i < 2; i++) {
      const [inside] = await funes.transaction((tx) => tx.prisma.$queryRawUnsafe<unknown[]>(limits))
      expect(inside).toEqual({ statement: '3s', lock: '4321ms', idle: '1min' })
    }
    await funes.memories.load([memory('copied')], {
      withBatch: async (client) => {
        const { rows } = await client.query(limits)
        expect(rows).toEqual([{ statement: '0', lock: '4321ms', idle: '1min' }])
      },
    })
    expect((await pool.query(limits)).rows).toEqual([{ statement: '0', lock: '4321ms', idle: '0' }])
    await funes.close()
    await pool.end()
    await drop()
  })

  it('are bounded in the server itself', async () => {
    const { url, drop } = await emptyServerDatabase()
    const funes = await createFunes({ url, limits: { statementTimeoutMs: 1234, lockTimeoutMs: 567 } })
    const [limits] = await funes.prisma.$queryRaw<unknown[]>`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`
    expect(limits).toEqual({ statement: '1234ms', lock: '567ms', idle: '1min' })
    await funes.close()
    await drop()
  })
})
