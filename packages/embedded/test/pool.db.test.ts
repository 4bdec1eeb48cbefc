import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmbeddedPool, type EmbeddedPool } from '../src/index.js'

describe('the embedded pool', () => {
  let pool: EmbeddedPool
  beforeAll(async () => {
    pool = await createEmbeddedPool()
  })
  afterAll(() => pool.end())

  it('is an ordinary pool: text and binary parameters, rows, types', async () => {
    const { rows } = await pool.query(
      'select $1::int4 + 1 as n, $2::text as t, $3::bytea as b, now() as at',
      [1, 'ü', Buffer.from([0, 255])],
    )
    expect(rows[0]).toMatchObject({ n: 2, t: 'ü', b: Buffer.from([0, 255]) })
    expect(rows[0].at).toBeInstanceOf(Date)
    expect((await pool.query('show timezone')).rows).toEqual([{ TimeZone: 'UTC' }])
  })

  it('has pgvector', async () => {
    await pool.query('create extension if not exists vector')
    const { rows } = await pool.query("select '[1,2]'::vector <=> '[1,2]'::vector as d")
    expect(rows).toEqual([{ d: 0 }])
  })

  it('reports errors with their SQLSTATE and goes on', async () => {
    await expect(pool.query('selec 1')).rejects.toMatchObject({ code: '42601' })
    await expect(pool.query('select 1 / $1::int4', [0])).rejects.toMatchObject({ code: '22012' })
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('prepares named statements and runs them again', async () => {
    for (let i = 0; i < 8; i++) {
      const { rows } = await pool.query({
        name: 'add',
        text: 'select $1::int4 + $2::int4 as sum',
        values: [i, 1],
      })
      expect(rows).toEqual([{ sum: i + 1 }])
    }
  })

  it('takes parameters larger than any chunk', async () => {
    for (const size of [65_536, 1_000_003, 17_000_000]) {
      const { rows } = await pool.query('select length($1::text)::int4 as n', ['x'.repeat(size)])
      expect(rows).toEqual([{ n: size }])
    }
  })

  it('answers queries in the order they were asked, however many at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => pool.query('select $1::int4 as i', [i])),
    )
    expect(results.map((r) => r.rows[0].i)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('gives the next client a clean session when one is discarded', async () => {
    const client = await pool.connect()
    await client.query("create temp table leftover (x int); set application_name = 'first'; begin")
    await client.query({ name: 'left', text: 'select 1 as one' })
    await expect(client.query('selec')).rejects.toThrow()
    client.release(new Error('discard it'))
    expect((await pool.query({ name: 'left', text: 'select 2 as two' })).rows).toEqual([{ two: 2 }])
    await expect(pool.query('select * from leftover')).rejects.toMatchObject({ code: '42P01' })
    expect((await pool.query('show application_name')).rows).not.toEqual([{ application_name: 'first' }])
  })

  it('rolls back and commits', async () => {
    await pool.query('create table t (x int)')
    const client = await pool.connect()
    await client.query('begin; insert into t values (1)')
    await client.query('rollback')
    await client.query('begin; insert into t values (2)')
    await client.query('commit')
    client.release()
    expect((await pool.query('select x from t')).rows).toEqual([{ x: 2 }])
  })
})

describe('end', () => {
  it('waits for what is queued, and can be called twice', async () => {
    const pool = await createEmbeddedPool()
    const queued = [1, 2, 3].map((i) => pool.query('select $1::int4 as i', [i]))
    const ended = pool.end()
    expect((await Promise.all(queued)).map((r) => r.rows[0].i)).toEqual([1, 2, 3])
    await ended
    await pool.end()
    await expect(pool.query('select 1')).rejects.toThrow(/after calling end/)
  })
})
