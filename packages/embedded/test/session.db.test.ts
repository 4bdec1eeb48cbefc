import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'

describe('the session of an embedded pool', async () => {
  const pool = await createEmbeddedPool()
  afterAll(() => pool.end())

  it('has the defaults of a server', async () => {
    const setting = async (name: string) => Object.values((await pool.query(`show ${name}`)).rows[0])[0]
    expect(await setting('timezone')).toBe('UTC')
    expect(await setting('search_path')).toBe('"$user", public')
    expect(await setting('allow_system_table_mods')).toBe('off')
    expect(await setting('default_text_search_config')).toBe('pg_catalog.english')
    expect(await setting('server_encoding')).toBe('UTF8')
    expect(await setting('standard_conforming_strings')).toBe('on')
  })

  it('lets timers run while queries follow each other', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    // Starved, they never run. How often they do is the machine's affair: the first queries are compiled as they run.
    const end = performance.now() + 10_000
    while (ticks <= 10 && performance.now() < end) await pool.query('select 1')
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(10)
  })

  it('skips the rest of a batch after an error, up to its sync', async () => {
    const client = await pool.connect()
    const results = await Promise.allSettled([
      client.query('select $1::int4 as n', [1]),
      client.query('select 1 / $1::int4', [0]),
      client.query({ name: 'broken', text: 'select * from missing where x = $1', values: [1] }),
      client.query('select $1::int4 as n', [4]),
    ])
    client.release()
    expect(results.map((r) => (r.status === 'fulfilled' ? r.value.rows[0].n : r.reason.code))).toEqual([
      1,
      '22012',
      '42P01',
      4,
    ])
  })

  it('keeps a transaction that failed until it is rolled back', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await expect(client.query('select 1/0')).rejects.toMatchObject({ code: '22012' })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
  })

  it('rolls back, and forgets locks and listeners, as soon as a client is discarded', async () => {
    await pool.query('create table kept (x int)')
    const client = await pool.connect()
    await client.query(
      "listen channel; select pg_advisory_lock(1); set work_mem = '5MB'; begin; insert into kept values (1)",
    )
    client.release(true)
    expect((await pool.query('select count(*)::int4 as n from kept')).rows).toEqual([{ n: 0 }])
    expect((await pool.query("select * from pg_locks where locktype = 'advisory'")).rows).toEqual([])
    expect((await pool.query('select * from pg_listening_channels()')).rows).toEqual([])
    expect((await pool.query('show work_mem')).rows).toEqual([{ work_mem: '4MB' }])
  })

  it('serves who connects while the client before is still going', async () => {
    for (let i = 0; i < 20; i++) {
      const client = await pool.connect()
      await client.query('begin; create temp table gone (x int)')
      client.release(true)
      expect((await pool.query('select $1::int4 as i', [i])).rows).toEqual([{ i }])
    }
  })

  it('gives a query up after query_timeout, and serves the next', async () => {
    const client = await pool.connect()
    const slow = client.query({ text: 'select pg_sleep(0.3)', query_timeout: 50 } as pg.QueryConfig)
    await expect(slow).rejects.toThrow(/timeout/)
    client.release(true)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('delivers notifications', async () => {
    const client = await pool.connect()
    const heard = new Promise((resolve) => client.once('notification', (n) => resolve(n.payload)))
    await client.query('listen news')
    await client.query("notify news, 'hello'")
    expect(await heard).toBe('hello')
    client.release(true)
  })

  it('refuses a connection beside the pool, and does not hang', async () => {
    await pool.query('select 1')
    const client = new pg.Client(pool.options)
    await expect(client.connect()).rejects.toMatchObject({ code: 'EMBEDDED.BUSY' })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('times out who waits too long for the one connection, and serves the next', async () => {
    pool.options.connectionTimeoutMillis = 50
    const client = await pool.connect()
    await expect(pool.query('select 1')).rejects.toThrow(/timeout/)
    client.release()
    pool.options.connectionTimeoutMillis = 0
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('ignores the connection settings of the environment', async () => {
    const before = { ...process.env }
    Object.assign(process.env, {
      PGHOST: '/nowhere',
      PGSSLMODE: 'require',
      PGUSER: 'x',
      PGDATABASE: 'x',
      PGOPTIONS: '-c x=y',
    })
    const other = await createEmbeddedPool()
    try {
      expect((await other.query('select current_user as who')).rows).toEqual([{ who: 'postgres' }])
    } finally {
      process.env = before
      await other.end()
    }
  })

  it('leaves the memory of this process alone, however many rows it returns', async () => {
    const rows = () => pool.query("select repeat('x', 1000) as x from generate_series(1, 1000)")
    for (let i = 0; i < 20; i++) await rows()
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    const before = used()
    for (let i = 0; i < 300; i++) await rows()
    await sleep(50)
    // 300 MB went by.
    expect(used() - before).toBeLessThan(150 * 1024 * 1024)
  })
})

describe('end', () => {
  it('waits for what was asked before it, and can be called again', async () => {
    const pool = await createEmbeddedPool()
    const queued = [1, 2, 3].map((i) => pool.query('select $1::int4 as i', [i]))
    const ends = [pool.end(), pool.end()]
    await expect(pool.query('select 1')).rejects.toThrow(/after calling end/)
    expect((await Promise.all(queued)).map((r) => r.rows[0].i)).toEqual([1, 2, 3])
    await Promise.all(ends)
    await pool.end()
    await new Promise<void>((resolve) => pool.end(resolve))
    await expect(pool.connect()).rejects.toThrow(/after calling end/)
  })

  it('waits for a client that is out', async () => {
    const pool = await createEmbeddedPool()
    const client = await pool.connect()
    let ended = false
    const ending = pool.end().then(() => {
      ended = true
    })
    await sleep(50)
    expect(ended).toBe(false)
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
    await ending
  })

  it('ends a pool that was never used', async () => {
    await (await createEmbeddedPool()).end()
  })
})
