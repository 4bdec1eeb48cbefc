import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from, to } from 'pg-copy-streams'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'

describe('COPY', async () => {
  const pool = await createEmbeddedPool()
  afterAll(() => pool.end())
  beforeEach(async () => {
    await pool.query('drop table if exists t; create table t (n int4, s text)')
  })
  const count = async () => (await pool.query('select count(*)::int4 as n from t')).rows[0].n

  async function copyIn(sql: string, lines: Iterable<string>): Promise<void> {
    const client = await pool.connect()
    try {
      await pipeline(Readable.from(lines), client.query(from(sql)))
    } finally {
      client.release()
    }
  }

  it('takes rows from a stream of many chunks', async () => {
    function* lines() {
      for (let i = 0; i < 50_000; i++) yield `${i}\t${'x'.repeat(i % 100)}\n`
    }
    await copyIn('copy t from stdin', lines())
    expect(await count()).toBe(50_000)
  })

  it('reports bad data with its SQLSTATE, and goes on', async () => {
    await expect(copyIn('copy t from stdin', ['not a number\tx\n'])).rejects.toMatchObject({ code: '22P02' })
    await expect(copyIn('copy missing from stdin', ['1\tx\n'])).rejects.toMatchObject({ code: '42P01' })
    expect(await count()).toBe(0)
  })

  it('writes nothing when the source breaks', async () => {
    function* breaks() {
      yield '1\tx\n'
      throw new Error('the source broke')
    }
    const client = await pool.connect()
    await expect(pipeline(Readable.from(breaks()), client.query(from('copy t from stdin')))).rejects.toThrow(
      'the source broke',
    )
    client.release(true)
    expect(await count()).toBe(0)
  })

  it('is part of a transaction', async () => {
    const client = await pool.connect()
    await client.query('begin')
    await pipeline(Readable.from(['1\ta\n']), client.query(from('copy t from stdin')))
    await client.query('rollback')
    client.release()
    expect(await count()).toBe(0)
  })

  it('gives rows to a stream', async () => {
    await pool.query("insert into t select g, 'row' from generate_series(1, 1000) g")
    const client = await pool.connect()
    let text = ''
    const sink = new Writable({
      write(chunk, _encoding, done) {
        text += chunk
        done()
      },
    })
    await pipeline(client.query(to('copy t to stdout')), sink)
    client.release()
    expect(text.split('\n')).toHaveLength(1001)
  })

  it('fails, and does not hang, where no data can come', async () => {
    await expect(pool.query('copy t from stdin')).rejects.toMatchObject({ code: '57014' })
    await expect(pool.query('select 1; copy t from stdin')).rejects.toMatchObject({ code: '57014' })
    await expect(pool.query({ name: 'c', text: 'copy t from stdin' })).rejects.toMatchObject({
      code: '0A000',
    })
    await expect(copyIn('copy t from stdin; copy t from stdin', ['1\tx\n'])).rejects.toThrow(/only one COPY/)
    expect(await count()).toBe(0)
  })

  it('is not confused by a script that only speaks of it', async () => {
    await pool.query("insert into t values (1, 'copy t from stdin'); insert into t values (2, 'b')")
    expect(await count()).toBe(2)
  })
})
