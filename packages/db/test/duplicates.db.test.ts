import { expect, it } from 'vitest'
import { type AddOneMemory, type Embedder, isFunesError, type OnDuplicate } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(7)
const embedding = () => randomVector(next)
const tea = (userId: string, more: Partial<AddOneMemory> = {}): AddOneMemory => ({
  userId,
  content: 'Prefers tea.',
  embedding: embedding(),
  onDuplicate: 'ignore',
  ...more,
})

onEveryEngine('onDuplicate', (db) => {
  it('lets a content be stored any number of times when nothing is asked', async () => {
    const { funes } = db()
    const { onDuplicate: _, ...plain } = tea('plain')
    const made = [await funes.memories.add(plain), await funes.memories.add(plain)]
    expect(made.map(({ created }) => created)).toEqual([true, true])
    expect(await funes.memories.count({ userId: 'plain' })).toBe(2)
  })

  it('ignores a content that is there already, in another session too and however it was added', async () => {
    const { funes } = db()
    const { onDuplicate: _, ...plain } = tea('ignore', { importance: 0.1 })
    await funes.sessions.start({ userId: 'ignore', id: 's' })
    const { created, ...first } = await funes.memories.add(plain)
    const again = await funes.memories.add(tea('ignore', { sessionId: 's', importance: 0.9 }))
    expect(again).toEqual({ ...first, created: false })
    expect(created).toBe(true)
    expect(await funes.memories.get({ userId: 'ignore', id: first.id })).toEqual(first)
    expect((await funes.memories.add(tea('ignore', { content: 'Prefers tea' }))).created).toBe(true)
    expect((await funes.memories.add(tea('ignore-2'))).created).toBe(true)
  })

  it('counts an access with touch, and changes nothing else', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add(tea('touch', { onDuplicate: 'touch' }))
    expect(await funes.prisma.memoryAccess.count({ where: { userId: 'touch' } })).toBe(0)
    for (const created of [false, false]) {
      expect(await funes.memories.add(tea('touch', { onDuplicate: 'touch' }))).toMatchObject({ id, created })
    }
    const access = await funes.prisma.memoryAccess.findMany({ where: { userId: 'touch' } })
    expect(access).toMatchObject([{ memoryId: id, accessCount: 2 }])
    expect(Math.abs(Date.now() - (access[0]?.lastAccessedAt?.getTime() ?? 0))).toBeLessThan(60_000)
    expect((await funes.memories.get({ userId: 'touch', id }))?.version).toBe(1)
  })

  it('updates what is given, keeps the rest, and writes it down', async () => {
    const { funes } = db()
    await funes.sessions.start({ userId: 'update', id: 's' })
    const first = await funes.memories.add(
      tea('update', { importance: 0.1, source: 'tool', metadata: { a: 1 } }),
    )
    const vector = embedding()
    const change = tea('update', {
      onDuplicate: 'update',
      importance: 0.9,
      metadata: { b: 2 },
      sessionId: 's',
      embedding: vector,
    })
    const second = await funes.memories.add(change)
    expect(second).toMatchObject({
      id: first.id,
      created: false,
      version: 2,
      importance: 0.9,
      metadata: { b: 2 },
      source: 'tool',
      sessionId: 's',
    })
    expect(await funes.memories.embedding({ userId: 'update', id: first.id })).toEqual(vector)
    const history = await funes.memories.history({ userId: 'update', id: first.id })
    expect(history).toMatchObject([
      { version: 1, operation: 'update', previous: { importance: 0.1, metadata: { a: 1 } } },
    ])
    expect((await funes.memories.add(change)).version).toBe(2)
    await expect(funes.memories.add({ ...change, sessionId: 'nowhere' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'SESSION.NOT_FOUND'),
    )
  })

  it('names the memory that is there when it is asked for an error', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add(tea('error', { onDuplicate: 'error' }))
    const second = funes.memories.add(tea('error', { onDuplicate: 'error' }))
    await expect(second).rejects.toMatchObject({ code: 'MEMORY.DUPLICATE', meta: { id } })
    expect(await funes.memories.count({ userId: 'error' })).toBe(1)
  })

  it.each(['delete', 'expire', 'change'] as const)('is not in the way of a new one after %s', async (way) => {
    const { funes, pool } = db()
    const userId = `gone-${way}`
    const { id } = await funes.memories.add(tea(userId))
    if (way === 'delete') await funes.memories.delete({ userId, id })
    if (way === 'change') {
      await funes.memories.update({ userId, id, content: 'Prefers coffee.', embedding: embedding() })
    }
    if (way === 'expire') {
      // Time passes by itself: nothing of Funes is run when a memory expires.
      await pool.query(
        `update memories set expires_at = now() - interval '1 s' where user_id = 'gone-expire'`,
      )
    }
    const second = await funes.memories.add(tea(userId))
    expect(second.created).toBe(true)
    expect(second.id).not.toBe(id)
    expect(await funes.memories.add(tea(userId))).toMatchObject({ id: second.id, created: false })
  })

  it('stores what comes expired, however often', async () => {
    const { funes } = db()
    const { onDuplicate = 'error', ...expired } = tea('late', { expiresAt: new Date(0) })
    expect(await funes.memories.addMany([expired, expired], { onDuplicate })).toMatchObject({ added: 2 })
    expect((await funes.memories.add({ ...expired, onDuplicate })).created).toBe(true)
    expect((await funes.memories.add(tea('late'))).created).toBe(true)
    expect(await funes.memories.count({ userId: 'late' })).toBe(1)
  })

  it('answers with the older one after a deleted one has come back beside it', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add(tea('back'))
    await funes.memories.delete({ userId: 'back', id })
    await funes.memories.add(tea('back'))
    await funes.memories.restore({ userId: 'back', id })
    expect(await funes.memories.add(tea('back'))).toMatchObject({ id, created: false })
    expect(await funes.memories.count({ userId: 'back' })).toBe(2)
  })

  it('stays with a memory whose text is set to what it is', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add(tea('same'))
    await funes.memories.update({ userId: 'same', id, content: 'Prefers tea.', embedding: embedding() })
    const [row] = await funes.prisma.memory.findMany({ where: { userId: 'same' } })
    expect(row?.dedupKey).toEqual(row?.contentHash)
  })

  it('refuses the id of another memory, and a way it does not know', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add(tea('ids'))
    await expect(funes.memories.add(tea('ids', { id, content: 'other' }))).rejects.toSatisfy((e) =>
      isFunesError(e, 'MEMORY.EXISTS'),
    )
    const wrong = tea('ids', { onDuplicate: 'replace' as OnDuplicate })
    await expect(funes.memories.add(wrong)).rejects.toMatchObject({
      code: 'INPUT.INVALID',
      meta: { path: 'onDuplicate' },
    })
  })
})

let encoded: string[] = []
const embedder: Embedder = {
  model: 'counted',
  dimensions: 384,
  async embed(texts) {
    encoded.push(...texts)
    return texts.map(() => embedding())
  },
}

onEveryEngine(
  'onDuplicate with an embedder',
  (db) => {
    it('encodes no text that is there already', async () => {
      const { funes } = db()
      const add = (content: string, onDuplicate: OnDuplicate) =>
        funes.memories.add({ userId: 'lazy', content, onDuplicate })
      await add('a', 'ignore')
      await add('a', 'update')
      await add('a', 'touch')
      await funes.memories.add({ userId: 'lazy', content: 'k', idempotencyKey: 'k' })
      await funes.memories.add({ userId: 'lazy', content: 'k', idempotencyKey: 'k' })
      const batch = ['a', 'b', 'a', 'k'].map((content) => ({ userId: 'lazy', content }))
      expect(await funes.memories.addMany(batch, { onDuplicate: 'ignore' })).toMatchObject({ added: 1 })
      expect(encoded).toEqual(['a', 'k', 'b'])
      encoded = []
    })
  },
  { embedder },
)
