import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmbeddedPool } from '../src/index.js'
import { preparedDirectory, startChild, temporaryDirectory } from './processes.js'

describe('a database in a directory', () => {
  let dir: string
  let remove: () => void
  beforeEach(() => {
    ;({ dir, remove } = preparedDirectory())
  })
  afterEach(() => remove())

  it('refuses a second opener in this process, and names it', async () => {
    const pool = await createEmbeddedPool({ dataDir: dir })
    await expect(createEmbeddedPool({ dataDir: dir })).rejects.toMatchObject({
      code: 'EMBEDDED.LOCKED',
      meta: { dataDir: dir, pid: process.pid },
    })
    await pool.end()
  })

  it('refuses a second process, and names the holder; opens once that is gone', async () => {
    const holder = startChild(dir, 'hold')
    expect(await holder.first).toBe('open')
    const error = await createEmbeddedPool({ dataDir: dir }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'EMBEDDED.LOCKED', meta: { pid: holder.process.pid } })
    expect((error as { fix: string }).fix).toContain(String(holder.process.pid))
    holder.process.kill('SIGKILL')
    await holder.exited
    await (await createEmbeddedPool({ dataDir: dir })).end()
  })

  it('lets exactly one of many that start at once in', async () => {
    const children = Array.from({ length: 6 }, () => startChild(dir, 'hold'))
    const answers = await Promise.all(children.map((child) => child.first))
    expect(answers.filter((line) => line === 'open')).toHaveLength(1)
    expect(answers.filter((line) => line === 'EMBEDDED.LOCKED')).toHaveLength(5)
    for (const child of children) child.process.kill('SIGKILL')
    await Promise.all(children.map((child) => child.exited))
  })

  it('is free again when a process forgot to end its pool, and that process ends by itself', async () => {
    const child = startChild(dir, 'forget')
    expect(await child.exited).toBe(0)
    await (await createEmbeddedPool({ dataDir: dir })).end()
  })

  it('lets exactly one of many take over from a holder that was killed', async () => {
    const holder = startChild(dir, 'hold')
    expect(await holder.first).toBe('open')
    holder.process.kill('SIGKILL')
    await holder.exited
    const children = Array.from({ length: 5 }, () => startChild(dir, 'hold'))
    const answers = await Promise.all(children.map((child) => child.first))
    expect(answers.sort()).toEqual([...Array(4).fill('EMBEDDED.LOCKED'), 'open'])
    for (const child of children) child.process.kill('SIGKILL')
    await Promise.all(children.map((child) => child.exited))
  })

  it('is refused when another PostgreSQL made it, and is free afterwards', async () => {
    const version = join(dir, 'pgdata', 'PG_VERSION')
    writeFileSync(version, '17\n')
    await expect(createEmbeddedPool({ dataDir: dir })).rejects.toMatchObject({
      code: 'EMBEDDED.DATA_DIR_INVALID',
      message: expect.stringContaining('PostgreSQL 17'),
    })
    writeFileSync(version, '18\n')
    await (await createEmbeddedPool({ dataDir: dir })).end()
  })

  it('is shut down cleanly by end', async () => {
    const pool = await createEmbeddedPool({ dataDir: dir })
    const state = () => readFileSync(join(dir, 'pgdata/global/pg_control')).readInt32LE(16)
    await pool.query('create table t as select 1 as x')
    expect(state()).toBe(6) // DB_IN_PRODUCTION
    await pool.end()
    expect(state()).toBe(1) // DB_SHUTDOWNED
  })
})

describe('a data directory', () => {
  let dir: string
  let remove: () => void
  beforeEach(() => {
    ;({ dir, remove } = temporaryDirectory())
  })
  afterEach(() => remove())

  it('is refused when it is a file, holds other things, or is no path', async () => {
    mkdirSync(join(dir, 'pgdata'), { recursive: true })
    writeFileSync(join(dir, 'pgdata', 'PG_VERSION'), '18\n')
    const file = join(dir, 'pgdata', 'PG_VERSION')
    const nowhere = process.platform === 'linux' ? ['/proc/funes', '/proc/funes/below'] : []
    for (const dataDir of [...nowhere, file, join(file, 'below'), dir, '', ' ', 'memory://', 'file:///x']) {
      await expect(createEmbeddedPool({ dataDir }), dataDir).rejects.toMatchObject({
        code: 'EMBEDDED.DATA_DIR_INVALID',
        fix: expect.any(String),
      })
    }
    // A cluster that is not ours is left as it was.
    expect(readdirSync(dir)).toEqual(['pgdata'])
    expect(readFileSync(file, 'utf8')).toBe('18\n')
  })

  it('is readable by its owner alone', async () => {
    await (await createEmbeddedPool({ dataDir: dir })).end()
    expect(statSync(dir).mode & 0o077).toBe(0)
    expect(statSync(join(dir, 'pgdata')).mode & 0o077).toBe(0)
  })

  it('may have a path longer than a socket can have, and things that people leave', async () => {
    const deep = join(dir, 'x'.repeat(120), 'y'.repeat(120))
    mkdirSync(deep, { recursive: true })
    writeFileSync(join(deep, '.gitignore'), '*')
    const holder = startChild(deep, 'hold')
    expect(await holder.first).toBe('open')
    await expect(createEmbeddedPool({ dataDir: deep })).rejects.toMatchObject({ code: 'EMBEDDED.LOCKED' })
    holder.process.kill('SIGKILL')
    await holder.exited
    await (await createEmbeddedPool({ dataDir: deep })).end()
  })

  it('keeps what was written, and is free after end', async () => {
    const first = await createEmbeddedPool({ dataDir: dir })
    expect(first.dataDir).toBe(dir)
    await first.query('create table t as select 42 as x')
    await first.end()
    const second = await createEmbeddedPool({ dataDir: dir })
    expect((await second.query('select x from t')).rows).toEqual([{ x: 42 }])
    await second.end()
  })
})
