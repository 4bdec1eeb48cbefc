import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmbeddedPool, type EmbeddedPool } from '../src/index.js'
import { preparedDirectory } from './processes.js'

/** Ends the session for good, as a server ends one that idles in a transaction. */
async function endSession(pool: EmbeddedPool): Promise<unknown> {
  const client = await pool.connect()
  client.on('error', () => {})
  await client.query("set idle_in_transaction_session_timeout = '20ms'")
  await client.query('begin; create table lost (x int)')
  await sleep(100)
  const error = await client.query('select 1').catch((e: unknown) => e)
  client.release(true)
  return error
}

describe('a fatal error', () => {
  let dir: string
  let remove: () => void
  beforeEach(() => {
    ;({ dir, remove } = preparedDirectory())
  })
  afterEach(() => remove())

  it('is restarted from on the next connection, with everything that was committed', async () => {
    const pool = await createEmbeddedPool({ dataDir: dir })
    await pool.query('create table kept as select 42 as x')
    expect(await endSession(pool)).toMatchObject({ code: '25P03' })
    expect((await pool.query('select x from kept')).rows).toEqual([{ x: 42 }])
    await expect(pool.query('select * from lost')).rejects.toMatchObject({ code: '42P01' })
    await pool.end()
  })

  it('leaves the exit code of the process alone', async () => {
    const before = process.exitCode
    const pool = await createEmbeddedPool({ dataDir: dir })
    await endSession(pool)
    await pool.query('select 1')
    await pool.end()
    expect(process.exitCode).toBe(before)
  })

  it('in memory says that the data is lost, and ends without hanging', async () => {
    const pool = await createEmbeddedPool()
    await endSession(pool)
    await expect(pool.query('select 1')).rejects.toMatchObject({
      code: 'EMBEDDED.CRASHED',
      meta: { dataDir: null },
    })
    await pool.end()
  })

  it('is not what runaway recursion leads to', async () => {
    const pool = await createEmbeddedPool({ dataDir: dir })
    await pool.query(
      'create function f(int) returns int language plpgsql as $$ begin return f($1 + 1); end $$',
    )
    await expect(pool.query('select f(1)')).rejects.toMatchObject({ code: '54001' })
    const nested = `${'['.repeat(3000)}${']'.repeat(3000)}`
    await expect(pool.query('select $1::jsonb', [nested])).rejects.toMatchObject({ code: '54001' })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('at the start is reported with its reason, and the lock is given back', async () => {
    const control = join(dir, 'pgdata/global/pg_control')
    const whole = readFileSync(control)
    writeFileSync(control, Buffer.alloc(statSync(control).size))
    const error = await createEmbeddedPool({ dataDir: dir }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'EMBEDDED.START_FAILED', meta: { dataDir: dir } })
    expect(JSON.stringify((error as { meta: unknown }).meta)).toMatch(/FATAL|PANIC/)
    writeFileSync(control, whole)
    await (await createEmbeddedPool({ dataDir: dir })).end()
  })
})

describe('the write-ahead log', () => {
  it('does not grow for ever', async () => {
    const pool = await createEmbeddedPool()
    await pool.query("create table t as select repeat('x', 200) as a from generate_series(1, 10000)")
    for (let i = 0; i < 600; i++) {
      await pool.query(i % 15 === 0 ? "update t set a = a || 'y'" : 'select 1')
    }
    const { rows } = await pool.query(
      'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), (pg_control_checkpoint()).redo_lsn)::float8 as behind, ' +
        "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as written",
    )
    expect(rows[0].written).toBeGreaterThan(140e6)
    expect(rows[0].behind).toBeLessThan(140e6)
    await pool.end()
  })
})
