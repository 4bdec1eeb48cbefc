import { expect, it } from 'vitest'
import { isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(1)
const embedding = () => randomVector(next)

onEveryEngine('memories', (db) => {
  it('gives back what was added', async () => {
    const { funes } = db()
    await funes.sessions.start({ userId: 'ada', id: 's1' })
    const createdAt = new Date('2024-02-29T12:00:00.123Z')
    const { created, ...added } = await funes.memories.add({
      userId: 'ada',
      content: 'Prefers tea — 紅茶 🍵',
      embedding: embedding(),
      sessionId: 's1',
      source: 'tool',
      importance: 0.25,
      metadata: { nested: { list: [1, 'two', null, true] }, "quote'": '\\u0000 "x"' },
      createdAt,
    })
    expect(created).toBe(true)
    expect(added).toMatchObject({
      userId: 'ada',
      sessionId: 's1',
      source: 'tool',
      importance: 0.25,
      version: 1,
      createdAt,
    })
    expect(await funes.memories.get({ userId: 'ada', id: added.id })).toEqual(added)
    expect(added.metadata).toEqual({ nested: { list: [1, 'two', null, true] }, "quote'": '\\u0000 "x"' })
    expect(await funes.memories.get({ userId: 'bob', id: added.id })).toBeNull()
  })

  it('keeps the vector to the last bit of single precision', async () => {
    const { funes, pool } = db()
    const vector = embedding()
    const { id } = await funes.memories.add({ userId: 'bits', content: 'x', embedding: vector })
    const { rows } = await pool.query(
      'select embedding::real[] as v from memory_embeddings where memory_id = $1',
      [id],
    )
    expect(Float32Array.from(rows[0].v)).toEqual(vector)
    expect(await funes.memories.embedding({ userId: 'bits', id })).toEqual(vector)
    expect(await funes.memories.embedding({ userId: 'other', id })).toBeNull()
  })

  it('stores a memory once for an idempotency key, also when ten calls race', async () => {
    const { funes } = db()
    const memory = { userId: 'key', content: 'once', embedding: embedding(), idempotencyKey: 'k1' }
    const results = await Promise.all(Array.from({ length: 10 }, () => funes.memories.add(memory)))
    expect(new Set(results.map((r) => r.id)).size).toBe(1)
    expect(await funes.memories.count({ userId: 'key' })).toBe(1)
    const other = await funes.memories.add({ ...memory, userId: 'key2' })
    expect(other.id).not.toBe(results[0]?.id)
  })

  it('refuses a second memory of the same id, and leaves the first', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add({ userId: 'dup', content: 'first', embedding: embedding() })
    const second = funes.memories.add({ userId: 'dup', id, content: 'second', embedding: embedding() })
    await expect(second).rejects.toSatisfy((e) => isFunesError(e, 'MEMORY.EXISTS'))
    expect((await funes.memories.get({ userId: 'dup', id }))?.content).toBe('first')
  })

  it('adds many from an async generator, reports progress and counts what it skipped', async () => {
    const { funes } = db()
    async function* generate() {
      for (let i = 0; i < 25; i++) {
        yield { userId: 'many', content: `m${i % 20}`, embedding: embedding(), idempotencyKey: `k${i % 20}` }
      }
    }
    const seen: number[] = []
    const result = await funes.memories.addMany(generate(), {
      batchSize: 10,
      onProgress: ({ done }) => seen.push(done),
    })
    expect(result).toEqual({ added: 20, skipped: 5, updated: 0 })
    expect(seen).toEqual([10, 20, 25])
  })

  it('keeps nothing of a batch in which one memory is wrong', async () => {
    const { funes } = db()
    const good = { userId: 'batch', content: 'good', embedding: embedding() }
    await expect(funes.memories.addMany([good, { ...good, content: ' ' }])).rejects.toSatisfy((e) =>
      isFunesError(e, 'MEMORY.CONTENT_EMPTY'),
    )
    await expect(funes.memories.addMany([good, { ...good, sessionId: 'nowhere' }])).rejects.toSatisfy((e) =>
      isFunesError(e, 'SESSION.NOT_FOUND'),
    )
    expect(await funes.memories.count({ userId: 'batch' })).toBe(0)
    expect(await funes.users.get('batch')).toBeNull()
  })

  it('lists newest first in pages that together are everything, once', async () => {
    const { funes } = db()
    const at = new Date('2025-01-01T00:00:00Z')
    const memories = Array.from({ length: 23 }, (_, i) => ({
      userId: 'pages',
      content: `m${i}`,
      embedding: embedding(),
      createdAt: new Date(at.getTime() + Math.floor(i / 3) * 1000),
    }))
    await funes.memories.addMany(memories)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await funes.memories.list({
        userId: 'pages',
        limit: 5,
        ...(cursor !== null && { cursor }),
      })
      seen.push(...page.items.map((m) => m.content))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toHaveLength(23)
    expect(new Set(seen).size).toBe(23)
    expect(seen[0]).toMatch(/^m2[12]$/)
  })

  it('takes null for the cursor of the first page, as the last page gives it', async () => {
    const { funes } = db()
    await funes.memories.add({ userId: 'begin', content: 'x', embedding: null })
    const { items, nextCursor } = await funes.memories.list({ userId: 'begin' })
    expect(await funes.memories.list({ userId: 'begin', cursor: nextCursor })).toEqual({ items, nextCursor })
    await funes.sessions.start({ userId: 'begin', id: 's' })
    expect((await funes.sessions.list({ userId: 'begin', cursor: null })).items).toHaveLength(1)
    expect((await funes.tools.list({ cursor: null })).items).toEqual([])
    const both = funes.memories.search({ userId: 'begin', scope: 'all-users', text: 'x' } as never)
    await expect(both).rejects.toMatchObject({ message: expect.stringContaining('exclude each other') })
  })

  it('keeps what a memory was in its history', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add({
      userId: 'hist',
      content: 'old',
      embedding: embedding(),
      importance: 0.1,
    })
    await funes.memories.update({
      userId: 'hist',
      id,
      content: 'new',
      embedding: embedding(),
      actor: 'editor',
    })
    const last = await funes.memories.update({ userId: 'hist', id, importance: 1 })
    expect(last).toMatchObject({ version: 3, content: 'new', importance: 1 })
    const history = await funes.memories.history({ userId: 'hist', id })
    expect(history.map((h) => [h.version, h.operation, h.actor, h.previous.content])).toEqual([
      [1, 'update', 'editor', 'old'],
      [2, 'update', null, 'new'],
    ])
  })

  it('takes a change to what it is already for none', async () => {
    const { funes, pool } = db()
    const vector = embedding()
    const expiresAt = new Date('2100-01-01T00:00:00.250Z')
    const values = { content: 'same', embedding: vector, importance: 0.3, metadata: { a: [1] }, expiresAt }
    const { created: _, ...first } = await funes.memories.add({ userId: 'noop', ...values })
    const key = { userId: 'noop', id: first.id }
    const same = [{}, values, { embedding: vector }, { metadata: { a: [1] } }, { sessionId: null }]
    for (const change of same) expect(await funes.memories.update({ ...key, ...change })).toEqual(first)
    expect(await funes.memories.history(key)).toEqual([])
    await funes.memories.update({ ...key, ...values, embedding: embedding() })
    await funes.memories.update({ ...key, embedding: null })
    const third = await funes.memories.update({ ...key, embedding: null })
    expect(third).toMatchObject({ version: 3, importance: 0.3 })
    expect(await funes.memories.embedding(key)).toBeNull()
    const { rows } = await pool.query('select version from memory_history where memory_id = $1', [first.id])
    expect(rows.map(({ version }) => version)).toEqual([1, 2])
  })

  it('numbers versions without a gap when many writers update at once', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add({ userId: 'race', content: 'x', embedding: embedding() })
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        funes.memories.update({ userId: 'race', id, importance: i / 10 + 0.01 }),
      ),
    )
    expect((await funes.memories.get({ userId: 'race', id }))?.version).toBe(9)
    const versions = (await funes.memories.history({ userId: 'race', id })).map((h) => h.version)
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('hides what is deleted or expired from get, list, count and search, and restores it', async () => {
    const { funes } = db()
    const vector = embedding()
    const find = async () =>
      (await funes.memories.search({ userId: 'gone', embedding: vector })).map((h) => h.memory.content)
    const { id } = await funes.memories.add({ userId: 'gone', content: 'deleted', embedding: vector })
    await funes.memories.add({
      userId: 'gone',
      content: 'expired',
      embedding: vector,
      expiresAt: new Date(Date.now() - 1000),
    })
    expect(await find()).toEqual(['deleted'])
    await funes.memories.delete({ userId: 'gone', id })
    expect(await find()).toEqual([])
    expect(await funes.memories.get({ userId: 'gone', id })).toBeNull()
    expect((await funes.memories.list({ userId: 'gone' })).items).toEqual([])
    expect(await funes.memories.count({ userId: 'gone' })).toBe(0)
    expect(
      (await funes.memories.get({ userId: 'gone', id, includeDeleted: true }))?.deletedAt,
    ).toBeInstanceOf(Date)
    await funes.memories.restore({ userId: 'gone', id })
    expect(await find()).toEqual(['deleted'])
  })

  it('refuses to change what another user owns', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add({ userId: 'owner', content: 'mine', embedding: embedding() })
    const attempts = [
      () => funes.memories.update({ userId: 'thief', id, importance: 0 }),
      () => funes.memories.delete({ userId: 'thief', id }),
      () => funes.memories.restore({ userId: 'owner', id }),
    ]
    for (const attempt of attempts)
      await expect(attempt()).rejects.toSatisfy((e) => isFunesError(e, 'MEMORY.NOT_FOUND'))
    expect((await funes.memories.get({ userId: 'owner', id }))?.version).toBe(1)
  })

  it('asks for a new vector when the text changes', async () => {
    const { funes } = db()
    const { id } = await funes.memories.add({ userId: 'stale', content: 'a', embedding: embedding() })
    await expect(funes.memories.update({ userId: 'stale', id, content: 'b' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'EMBEDDING.REQUIRED'),
    )
    await funes.memories.update({ userId: 'stale', id, content: 'b', embedding: null })
    expect(await funes.memories.search({ userId: 'stale', embedding: embedding() })).toEqual([])
  })
})
