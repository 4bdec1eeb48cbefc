import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import { describeOnServer, emptyServerDatabase, onEveryEngine } from './engines.js'
import { createTcpProxy, type TcpProxy } from './tcp-proxy.js'
import { random, randomVector } from './vectors.js'

const embedding = randomVector(random(5))
const memory = (userId: string, content = 'x') => ({ userId, content, embedding })
const thrown = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (e: unknown) => e,
  )

onEveryEngine('a transaction that cannot be kept', (db) => {
  it('says so, and does not pass off as kept what the server rolled back', async () => {
    const { funes } = db()
    const swallowing = funes.transaction(async (tx) => {
      await tx.memories.add(memory('swallowed'))
      await tx.memories.add({ ...memory('swallowed'), sessionId: 'nowhere' }).catch(() => {})
      return 'kept'
    })
    await expect(swallowing).rejects.toSatisfy((e) => isFunesError(e, 'TRANSACTION.ABORTED'))
    expect(await funes.memories.count({ userId: 'swallowed' })).toBe(0)
  })

  it('does not run again for an error of its own', async () => {
    const { funes } = db()
    let runs = 0
    const own = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    const failing = funes.transaction(async () => {
      runs += 1
      throw own
    })
    await expect(failing).rejects.toBe(own)
    expect(runs).toBe(1)
  })
})

describeOnServer('trying again', () => {
  let proxy: TcpProxy
  let funes: Funes
  let direct: Funes
  let drop: () => Promise<unknown>

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    direct = await createFunes({ url: database.url })
    await direct.migrate()
    proxy = await createTcpProxy(database.url)
    // Without names, so that the proxy can read what is asked.
    funes = await createFunes({ url: proxy.url, preparedStatements: false, retry: { baseMs: 10 } })
  })
  afterAll(async () => {
    await Promise.all([funes?.close(), direct?.close()])
    await proxy?.close()
    await drop?.()
  })

  const contents = async (userId: string) =>
    (await direct.memories.list({ userId })).items.map(({ content }) => content).sort()

  it('runs a whole transaction again that collided with another, unless told not to', async () => {
    const { id } = await direct.memories.add(memory('collide'))
    const bump = async (retry?: false) => {
      let runs = 0
      const other = direct.transaction(
        async (tx) => {
          runs += 1
          const row = await tx.prisma.memory.findFirstOrThrow({ where: { userId: 'collide', id } })
          if (runs === 1) await direct.users.get('collide')
          await new Promise((resolve) => setTimeout(resolve, 60))
          await tx.memories.update({ userId: 'collide', id, metadata: { n: Number(row.version) } })
        },
        { isolationLevel: 'Serializable', ...(retry === false && { retry }) },
      )
      return { error: await thrown(other), runs }
    }
    const both = await Promise.all([bump(), bump()])
    expect(both.map(({ error }) => error)).toEqual([undefined, undefined])
    expect(both.map(({ runs }) => runs).sort()).toEqual([1, 2])
    expect((await direct.memories.get({ userId: 'collide', id }))?.metadata).toEqual({ n: 2 })

    const once = await Promise.all([bump(false), bump(false)])
    const [conflict] = once.flatMap(({ error }) => (error === undefined ? [] : [error]))
    expect(conflict).toMatchObject({ code: 'DB.CONFLICT', meta: { attempts: 1 } })
    expect(once.map(({ runs }) => runs)).toEqual([1, 1])
  })

  it('runs the victim of a deadlock again', async () => {
    await direct.users.ensure({ id: 'dead-a' })
    await direct.users.ensure({ id: 'dead-b' })
    const lock = async (first: string, second: string) => {
      let runs = 0
      await direct.transaction(async (tx) => {
        runs += 1
        await tx.users.ensure({ id: first, metadata: { by: first } })
        await new Promise((resolve) => setTimeout(resolve, 50))
        await tx.users.ensure({ id: second, metadata: { by: first } })
      })
      return runs
    }
    const runs = await Promise.all([lock('dead-a', 'dead-b'), lock('dead-b', 'dead-a')])
    expect(runs.reduce((a, b) => a + b)).toBe(3)
  })

  it('reads again on another connection when the answer is lost', async () => {
    await direct.memories.add(memory('read', 'here'))
    for (const cut of ['before', 'after'] as const) {
      proxy.cutOnce('embedding', cut)
      const before = proxy.cuts
      const hits = await funes.memories.search({ userId: 'read', embedding })
      expect(hits.map((hit) => hit.memory.content)).toEqual(['here'])
      expect(proxy.cuts).toBe(before + 1)
    }
  })

  it('finds out whether an add was kept whose answer was lost, and stores it once', async () => {
    const adds = [
      memory('once', 'plain'),
      { ...memory('once', 'key'), idempotencyKey: 'k' },
      { ...memory('once', 'id'), id: '01890000-0000-7000-8000-000000000001' },
      { ...memory('once', 'distinct'), onDuplicate: 'update' as const },
    ]
    for (const cut of ['before', 'after'] as const) {
      for (const add of adds) {
        const userId = `once-${cut}`
        proxy.cutOnce('insert into memories', cut)
        const stored = await funes.memories.add({ ...add, userId })
        expect(stored).toMatchObject({ content: add.content, created: true })
      }
      expect(await contents(`once-${cut}`)).toEqual(['distinct', 'id', 'key', 'plain'])
    }
    const taken = { ...memory('once-after', 'other'), id: '01890000-0000-7000-8000-000000000001' }
    proxy.cutOnce('insert into memories', 'before')
    await expect(funes.memories.add(taken)).rejects.toSatisfy((e) => isFunesError(e, 'MEMORY.EXISTS'))
  })

  it('stores a batch once whose answer was lost', async () => {
    const many = (prefix: string) => [1, 2, 3].map((i) => memory('batch', `${prefix} ${i}`))
    for (const cut of ['before', 'after'] as const) {
      proxy.cutOnce('insert into memories', cut)
      expect(await funes.memories.addMany(many(cut))).toEqual({ added: 3, skipped: 0, updated: 0 })
      proxy.cutOnce('COMMIT', cut)
      const distinct = await funes.memories.addMany(many(`distinct ${cut}`), { onDuplicate: 'ignore' })
      expect(distinct).toEqual({ added: 3, skipped: 0, updated: 0 })
    }
    expect(await direct.memories.count({ userId: 'batch' })).toBe(12)
    proxy.cutOnce('commit', 'after')
    expect(await funes.memories.load(many('load'))).toEqual({ added: 3 })
    expect(await direct.memories.count({ userId: 'batch' })).toBe(15)
  })

  it('looks what became of a transaction whose COMMIT got no answer', async () => {
    for (const [cut, expected] of [
      ['after', 1],
      ['before', 2],
    ] as const) {
      let runs = 0
      proxy.cutOnce('COMMIT', cut)
      const answer = await funes.transaction(async (tx) => {
        runs += 1
        await tx.memories.add(memory(`commit-${cut}`, `run ${runs}`))
        return runs
      })
      expect([cut, answer, runs]).toEqual([cut, expected, expected])
      expect(await contents(`commit-${cut}`)).toEqual([`run ${expected}`])
    }
  })

  it('runs a transaction again that lost its connection half-way', async () => {
    let runs = 0
    await funes.transaction(async (tx) => {
      runs += 1
      await tx.memories.add(memory('half', 'a'))
      if (runs === 1) proxy.cutOnce('insert into memories', 'after')
      await tx.memories.add(memory('half', 'b'))
    })
    expect(runs).toBe(2)
    expect(await contents('half')).toEqual(['a', 'b'])
  })

  it('does not repeat a change that is not the same when done twice', async () => {
    const { id } = await direct.memories.add(memory('change'))
    proxy.cutOnce('update memories', 'after')
    const error = await thrown(funes.memories.update({ userId: 'change', id, importance: 0.9 }))
    expect(error).toMatchObject({ code: 'DB.UNREACHABLE', meta: { attempts: 1 } })
    expect(await direct.memories.history({ userId: 'change', id })).toHaveLength(1)
    proxy.cutOnce('insert into memory_access', 'after')
    const touched = await thrown(funes.memories.touch({ userId: 'change', id }))
    expect(touched).toMatchObject({ code: 'DB.UNREACHABLE', meta: { attempts: 1 } })
  })

  it('gives up after as many attempts as it was told, and when its budget is used up', async () => {
    const retry = { attempts: 3, baseMs: 1, budget: 4, budgetPerSecond: 0 }
    const unlucky = await createFunes({ url: proxy.url, preparedStatements: false, retry })
    proxy.cutWhen((sent) => (sent.includes('from users') ? 'before' : undefined))
    const attempts: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const error = await thrown(unlucky.users.get('x'))
      attempts.push(isFunesError(error, 'DB.UNREACHABLE') && error.meta.attempts)
    }
    proxy.cutWhen(() => undefined)
    expect(attempts).toEqual([3, 3, 1])
    expect(await unlucky.users.get('x')).toBeNull()
    await unlucky.close()
  })
})
