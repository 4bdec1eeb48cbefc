import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { createFunes, isFunesError } from '../src/index.js'
import { describeOnServer, onEveryEngine } from './engines.js'

it('names a server that is not there, and health says so instead of throwing', async () => {
  const funes = await createFunes({ url: 'postgresql://u:hidden@127.0.0.1:1/x' })
  const error = await funes.migrate().catch((e: unknown) => e)
  const meta = { host: '127.0.0.1', port: 1, database: 'x' }
  expect(error).toMatchObject({ code: 'DB.UNREACHABLE', meta })
  expect(String(error)).toContain('"x" at 127.0.0.1:1 ')
  await expect(funes.transaction(async () => {})).rejects.toMatchObject({ code: 'DB.UNREACHABLE', meta })
  expect(JSON.stringify({ ...(error as object) }) + String(error)).not.toContain('hidden')
  const health = await funes.health()
  expect(health).toMatchObject({ ok: false, latencyMs: null, findings: [{ code: 'DB.UNREACHABLE' }] })
  await funes.close()
})

it('does not take a piece of a password for a place', async () => {
  for (const url of ['postgresql://127.0.0.1:1/hidden@host/x', 'postgresql://127.0.0.1:1?hidden@host/x']) {
    const funes = await createFunes({ url })
    const error = await funes.migrate().catch((e: unknown) => e)
    expect(error).toSatisfy((e) => isFunesError(e, 'DB.UNREACHABLE'))
    expect(JSON.stringify({ ...(error as object) }) + String(error)).not.toContain('hidden')
    await funes.close()
  }
})

it('gives up on a server that accepts and never answers', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  const funes = await createFunes({
    url: `postgresql://u@127.0.0.1:${port}/x`,
    limits: { connectTimeoutMs: 200 },
  })
  await expect(funes.memories.count({ scope: 'all-users' })).rejects.toSatisfy((e) =>
    isFunesError(e, 'DB.POOL_EXHAUSTED', 'DB.UNREACHABLE'),
  )
  await funes.close()
  silent.close()
})

onEveryEngine('close', (db) => {
  it('leaves a pool that was given open, and refuses calls on what was closed', async () => {
    const { pool, open } = db()
    const funes = await open()
    await funes.close()
    await funes.close()
    await expect(funes.memories.count({ scope: 'all-users' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'CLIENT.CLOSED'),
    )
    await expect(funes.transaction(async () => {})).rejects.toSatisfy((e) => isFunesError(e, 'CLIENT.CLOSED'))
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})

describeOnServer('on a server', () => {
  const url = process.env.FUNES_TEST_DATABASE_URL as string

  it('names a wrong password and a missing database', async () => {
    const wrong = new URL(url)
    wrong.password = 'wrong'
    const missing = new URL(url)
    missing.pathname = '/no_such_database'
    for (const [target, code] of [
      [wrong, 'DB.AUTH_FAILED'],
      [missing, 'DB.DATABASE_MISSING'],
    ] as const) {
      const funes = await createFunes({ url: target.toString() })
      const error = await funes.migrate().catch((e: unknown) => e)
      expect(error).toSatisfy((e) => isFunesError(e, code))
      if (target === missing) {
        const place = { host: missing.hostname, port: Number(missing.port), database: 'no_such_database' }
        expect(error).toMatchObject({ meta: place })
        expect(String(error)).toContain(`"no_such_database" does not exist on ${missing.host}`)
      }
      await funes.close()
    }
  })

  it('says that the pool is exhausted, and recovers', async () => {
    const funes = await createFunes({ url, limits: { maxConnections: 1, connectTimeoutMs: 1500 } })
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let started: () => void = () => {}
    const running = new Promise<void>((resolve) => {
      started = resolve
    })
    const transaction = funes.transaction(async (tx) => {
      await tx.prisma.$queryRaw`select 1`
      started()
      await held
    })
    await running
    await expect(funes.models.list()).rejects.toSatisfy((e) => isFunesError(e, 'DB.POOL_EXHAUSTED'))
    release()
    await transaction
    expect((await funes.health()).pool.waiting).toBe(0)
    await funes.close()
  })

  it('survives the loss of its idle connections', async () => {
    const funes = await createFunes({ url, limits: { maxConnections: 3 } })
    await Promise.all([1, 2, 3].map(() => funes.prisma.$queryRaw`select 1 from pg_sleep(0.05)`))
    const killer = await createFunes({ url })
    await killer.prisma
      .$queryRaw`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'funes' and datname = current_database() and pid <> pg_backend_pid()`
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await funes.prisma.$queryRaw`select 1 as one`).toEqual([{ one: 1 }])
    await Promise.all([funes.close(), killer.close()])
  })
})
