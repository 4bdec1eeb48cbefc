import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError, type OnDuplicate } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(11)
const memory = (userId: string, content: string) => ({ userId, content, embedding: randomVector(next) })
const range = (length: number) => Array.from({ length }, (_, i) => i)

onEveryEngine('adds that race', (db) => {
  const pools: pg.Pool[] = []
  let clients: Funes[]

  beforeAll(async () => {
    const { url } = db()
    // On a server, clients that share nothing but the database.
    if (url !== undefined) pools.push(...range(4).map(() => new pg.Pool({ connectionString: url, max: 4 })))
    clients = await Promise.all(
      url === undefined ? range(4).map(() => db().open()) : pools.map((pool) => createFunes({ pool })),
    )
  })
  afterAll(() => Promise.all(pools.map((pool) => pool.end())))
  const client = (i: number) => clients[i % clients.length] as Funes

  it.each<OnDuplicate>(['ignore', 'touch', 'update', 'error'])(
    'store one memory with %s',
    async (onDuplicate) => {
      const { funes } = db()
      const userId = `one-${onDuplicate}`
      const results = await Promise.allSettled(
        range(24).map((i) =>
          client(i).memories.add({ ...memory(userId, 'x'), importance: (i + 1) / 100, onDuplicate }),
        ),
      )
      const made = results.flatMap((r) => (r.status === 'fulfilled' && r.value.created ? [r.value.id] : []))
      expect(made).toHaveLength(1)
      expect(await funes.memories.count({ userId })).toBe(1)
      const [id] = made as [string]
      for (const result of results) {
        if (result.status === 'fulfilled') expect(result.value.id).toBe(id)
        else expect(result.reason).toMatchObject({ code: 'MEMORY.DUPLICATE', meta: { id } })
      }
      expect(results.filter((r) => r.status === 'rejected')).toHaveLength(onDuplicate === 'error' ? 23 : 0)
      const access = await funes.prisma.memoryAccess.findMany({ where: { userId } })
      expect(access.map((a) => a.accessCount)).toEqual(onDuplicate === 'touch' ? [23] : [])
      const history = await funes.memories.history({ userId, id })
      expect(history).toHaveLength(onDuplicate === 'update' ? 23 : 0)
    },
  )

  it('store one memory for a key, and refuse the other text', async () => {
    const { funes } = db()
    const results = await Promise.allSettled(
      range(24).map((i) =>
        client(i).memories.add({ ...memory('keyed', i % 2 ? 'x' : 'y'), idempotencyKey: 'k' }),
      ),
    )
    const stored = (await funes.memories.list({ userId: 'keyed' })).items
    expect(stored).toHaveLength(1)
    for (const [i, result] of results.entries()) {
      if ((i % 2 ? 'x' : 'y') === stored[0]?.content) {
        expect(result).toMatchObject({ status: 'fulfilled', value: { id: stored[0]?.id } })
      } else {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { code: 'MEMORY.KEY_REUSED', meta: { id: stored[0]?.id } },
        })
      }
    }
  })

  it.each(['new', 'known'])(
    'store each of many once, in batches of whatever order, for users that are %s',
    async (kind) => {
      const { funes } = db()
      const all = range(140).map((i) => memory(`${kind}-${i % 7}`, `text ${i}`))
      // A new user's row would make the batches wait for each other from the start.
      if (kind === 'known') for (const i of range(7)) await funes.users.ensure({ id: `known-${i}` })
      for (const onDuplicate of ['ignore', 'touch', 'update'] as const) {
        const results = await Promise.all(
          range(6).map((i) =>
            client(i).memories.addMany(i % 2 ? all : all.toReversed(), { batchSize: 140, onDuplicate }),
          ),
        )
        const sum = (key: 'added' | 'skipped' | 'updated') => results.reduce((n, r) => n + r[key], 0)
        expect(sum('added')).toBe(onDuplicate === 'ignore' ? 140 : 0)
        expect(sum('added') + sum('skipped') + sum('updated')).toBe(840)
      }
      const where = { userId: { startsWith: `${kind}-` } }
      expect(await funes.prisma.memory.count({ where })).toBe(140)
      const access = await funes.prisma.memoryAccess.findMany({ where })
      expect(access.map((a) => a.accessCount)).toEqual(range(140).map(() => 6))
    },
  )

  it('never leave two alive while the memory is deleted and expires all the time', async () => {
    const { funes, pool } = db()
    let isRunning = true
    const adds = range(8).map(async (i) => {
      for (let n = 0; n < 25; n++) {
        await client(i)
          .memories.add({ ...memory('churn', 'x'), onDuplicate: 'update', importance: n / 100 })
          .catch((error: unknown) => {
            if (!isFunesError(error, 'DB.CONFLICT')) throw error
          })
      }
    })
    const removals = range(2).map(async (i) => {
      while (isRunning) {
        const [found] = (await client(i).memories.list({ userId: 'churn' })).items
        if (found && i === 0)
          await client(i)
            .memories.delete(found)
            .catch(() => {})
        if (found && i === 1)
          await pool.query('update memories set expires_at = now() where id = $1', [found.id])
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })
    await Promise.all(adds).finally(() => {
      isRunning = false
    })
    await Promise.all(removals)
    await funes.memories.add({ ...memory('churn', 'x'), onDuplicate: 'ignore' })
    expect(await funes.memories.count({ userId: 'churn' })).toBe(1)
    expect(await funes.prisma.memory.count({ where: { userId: 'churn' } })).toBeGreaterThan(3)
  })
})

onEveryEngine('addMany with onDuplicate', (db) => {
  it('keeps the first of those that are twice in one batch', async () => {
    const { funes } = db()
    const batch = ['a', 'b', 'a', 'a'].map((content, i) => ({
      ...memory('twice', content),
      importance: i / 10,
    }))
    expect(await funes.memories.addMany(batch, { onDuplicate: 'ignore' })).toEqual({
      added: 2,
      skipped: 2,
      updated: 0,
    })
    expect(await funes.memories.addMany(batch, { onDuplicate: 'update', batchSize: 3 })).toEqual({
      added: 0,
      skipped: 0,
      updated: 4,
    })
    const stored = (await funes.memories.list({ userId: 'twice' })).items
    expect(stored.map((m) => [m.content, m.importance]).sort()).toEqual([
      ['a', 0.3],
      ['b', 0.1],
    ])
    expect(await funes.memories.addMany(batch)).toMatchObject({ added: 4 })
  })

  it('keeps nothing of a batch that holds a duplicate, or a key with another text', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add({ ...memory('whole', 'old'), idempotencyKey: 'k' })
    const fresh = memory('whole', 'new')
    const attempts = [
      funes.memories.addMany([fresh, memory('whole', 'old')], { onDuplicate: 'error' }),
      funes.memories.addMany([fresh, { ...memory('whole', 'other'), idempotencyKey: 'k' }]),
    ]
    const codes = ['MEMORY.DUPLICATE', 'MEMORY.KEY_REUSED']
    for (const [i, attempt] of attempts.entries())
      await expect(attempt).rejects.toMatchObject({ code: codes[i], meta: { id } })
    const twins = funes.memories.addMany([fresh, fresh], { onDuplicate: 'error' })
    await expect(twins).rejects.toMatchObject({ code: 'MEMORY.DUPLICATE' })
    expect(await funes.memories.count({ userId: 'whole' })).toBe(1)
  })

  it('lets a transaction go on after a duplicate', async () => {
    const { funes } = db()
    await funes.transaction(async (tx) => {
      await tx.memories.add(memory('tx', 'a'))
      const again = tx.memories.add({ ...memory('tx', 'a'), onDuplicate: 'error' })
      await expect(again).rejects.toMatchObject({ code: 'MEMORY.DUPLICATE' })
      const batch = tx.memories.addMany([memory('tx', 'b'), memory('tx', 'a')], { onDuplicate: 'error' })
      await expect(batch).rejects.toMatchObject({ code: 'MEMORY.DUPLICATE' })
      await tx.memories.add(memory('tx', 'c'))
    })
    const contents = (await funes.memories.list({ userId: 'tx' })).items.map((m) => m.content)
    expect(contents.sort()).toEqual(['a', 'c'])
  })

  it('takes a key for what it first came with, whatever the memory has become', async () => {
    const { funes } = db()
    const first = { ...memory('became', 'old'), idempotencyKey: 'k' }
    const { id } = await funes.memories.add(first)
    await funes.memories.update({ ...memory('became', 'new'), id })
    expect(await funes.memories.add(first)).toMatchObject({ id, content: 'new', created: false })
    const other = funes.memories.add({ ...first, content: 'new' })
    await expect(other).rejects.toMatchObject({ code: 'MEMORY.KEY_REUSED', meta: { id } })
    await funes.memories.delete({ userId: 'became', id })
    const deleted = await funes.memories.add({ ...first, onDuplicate: 'error' })
    expect(deleted).toMatchObject({ id, deletedAt: expect.any(Date) })
  })
})
