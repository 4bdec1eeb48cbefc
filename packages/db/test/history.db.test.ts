import { expect, it } from 'vitest'
import { isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'
import { cosineDistance, random, randomVector } from './vectors.js'

const next = random(7)
const embedding = () => randomVector(next)
const embedder = textEmbedder('default', 384)
const code = (expected: Parameters<typeof isFunesError>[1]) => (e: unknown) =>
  isFunesError(e, expected as never)

onEveryEngine('memories.history', (db) => {
  const versionsOf = async (userId: string, id: string) =>
    (await db().funes.memories.history({ userId, id })).map((h) => [
      h.version,
      h.operation,
      h.changed,
      h.actor,
    ])

  it('says which fields a change replaced, what they were, when and by whom', async () => {
    const { funes } = db()
    const started = Date.now() - 1000
    const vector = embedding()
    const { id } = await funes.memories.add({
      userId: 'who',
      content: 'a',
      embedding: vector,
      importance: 0.2,
    })
    const key = { userId: 'who', id }
    await funes.memories.update({ ...key, importance: 0.9, metadata: { n: 1 }, actor: 'ada' })
    await funes.memories.update({ ...key, embedding: embedding(), actor: 'job' })
    await funes.memories.update({
      ...key,
      content: 'b',
      embedding: vector,
      expiresAt: new Date('2100-01-01'),
    })
    await funes.memories.delete({ ...key, actor: 'bob' })
    await funes.memories.restore(key)
    expect(await versionsOf('who', id)).toEqual([
      [1, 'update', ['importance', 'metadata'], 'ada'],
      [2, 'update', ['embedding'], 'job'],
      [3, 'update', ['content', 'expiresAt'], null],
      [4, 'delete', ['deletedAt'], 'bob'],
      [5, 'restore', ['deletedAt'], null],
    ])
    const [first] = await funes.memories.history(key)
    expect(first?.previous).toMatchObject({ content: 'a', importance: 0.2, metadata: {}, deletedAt: null })
    expect(first?.at.getTime()).toBeGreaterThan(started)
    expect(await funes.memories.history({ ...key, userId: 'other' })).toEqual([])
  })

  it('does not take a time written in another time zone for another time', async () => {
    const { funes, pool } = db()
    const expiresAt = new Date('2100-06-01T00:00:00.5Z')
    const { id } = await funes.memories.add({ userId: 'zone', content: 'a', embedding: null, expiresAt })
    const client = await pool.connect()
    try {
      await client.query("set time zone 'Asia/Tokyo'")
      await client.query(
        `insert into memory_history (user_id, memory_id, version, operation, previous)
         select user_id, id, 1, 'update', jsonb_build_object('importance', 0.1, 'expiresAt', expires_at)
         from memories where id = $1`,
        [id],
      )
      await client.query('reset time zone')
    } finally {
      client.release()
    }
    expect(await versionsOf('zone', id)).toEqual([[1, 'update', ['importance'], null]])
  })

  it('is written with the change or not at all', async () => {
    const { funes, pool } = db()
    const { id } = await funes.memories.add({ userId: 'undone', content: 'a', embedding: null })
    const key = { userId: 'undone', id }
    const work = funes.transaction(async () => {
      await funes.memories.update({ ...key, importance: 1 })
      await funes.memories.delete(key)
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    const { rows } = await pool.query('select 1 from memory_history where memory_id = $1', [id])
    expect(rows).toEqual([])
    expect((await funes.memories.get(key))?.version).toBe(1)
  })

  it('restores a version as a new one, and keeps the vector while the text is the same', async () => {
    const { funes } = db()
    const vector = embedding()
    await funes.sessions.start({ userId: 'back', id: 's' })
    const first = {
      importance: 0.25,
      metadata: { deep: [1, 'x', null] },
      sessionId: 's',
      source: 'tool' as const,
    }
    const { id } = await funes.memories.add({ userId: 'back', content: 'same', embedding: vector, ...first })
    const key = { userId: 'back', id }
    const changed = { importance: 1, metadata: {}, sessionId: null, source: 'system' as const }
    await funes.memories.update({ ...key, ...changed, expiresAt: new Date('2100-01-01') })
    const back = await funes.memories.restoreVersion({ ...key, version: 1, actor: 'support' })
    expect(back).toMatchObject({ version: 3, content: 'same', expiresAt: null, deletedAt: null, ...first })
    expect(await funes.memories.embedding(key)).toEqual(vector)
    expect((await versionsOf('back', id)).at(-1)).toEqual([
      2,
      'restore',
      ['expiresAt', 'importance', 'metadata', 'sessionId', 'source'],
      'support',
    ])
    expect(await funes.memories.restoreVersion({ ...key, version: 3 })).toEqual(back)
    expect(await funes.memories.restoreVersion({ ...key, version: 2 })).toMatchObject({
      version: 4,
      ...changed,
    })
  })

  it('takes a vector for a text that differs: given, made, or none, and refuses without', async () => {
    const { funes, open } = db()
    const [old, newer] = [embedding(), embedding()]
    const { id } = await funes.memories.add({ userId: 'text', content: 'old words', embedding: old })
    const key = { userId: 'text', id }
    const now = await funes.memories.update({ ...key, content: 'new words', embedding: newer })
    await expect(funes.memories.restoreVersion({ ...key, version: 1 })).rejects.toSatisfy(
      code('EMBEDDING.REQUIRED'),
    )
    expect(await funes.memories.get(key)).toEqual(now)
    const given = await funes.memories.restoreVersion({ ...key, version: 1, embedding: old })
    expect(given).toMatchObject({ content: 'old words', version: 3 })
    expect(await funes.memories.embedding(key)).toEqual(old)
    const [hit] = await funes.memories.search({ userId: 'text', text: 'old', mode: 'text' })
    expect(hit?.memory.id).toBe(id)
    const withEmbedder = await open({ embedder })
    await withEmbedder.memories.restoreVersion({ ...key, version: 2 })
    const [made] = await withEmbedder.memories.search({ userId: 'text', text: 'new words', mode: 'vector' })
    expect([made?.memory.id, made?.distance]).toEqual([id, expect.closeTo(0, 6)])
    await funes.memories.restoreVersion({ ...key, version: 1, embedding: null })
    expect(await funes.memories.embedding(key)).toBeNull()
    await withEmbedder.close()
  })

  it('brings a deleted memory back with a version of it, and knows the versions there were', async () => {
    const { funes } = db()
    const vector = embedding()
    const { id } = await funes.memories.add({
      userId: 'gone',
      content: 'x',
      embedding: vector,
      importance: 0.1,
    })
    const key = { userId: 'gone', id }
    await funes.memories.update({ ...key, importance: 0.2 })
    await funes.memories.delete(key)
    for (const version of [4, 99]) {
      await expect(funes.memories.restoreVersion({ ...key, version })).rejects.toSatisfy(
        code('MEMORY.VERSION_NOT_FOUND'),
      )
    }
    await expect(funes.memories.restoreVersion({ ...key, userId: 'thief', version: 1 })).rejects.toSatisfy(
      code('MEMORY.NOT_FOUND'),
    )
    expect(await funes.memories.restoreVersion({ ...key, version: 1 })).toMatchObject({
      version: 4,
      importance: 0.1,
    })
    const [hit] = await funes.memories.search({ userId: 'gone', embedding: vector })
    expect(hit?.memory.id).toBe(id)
  })

  it('keeps text and vector in agreement, and versions without a gap, when many restore and update at once', async () => {
    const { open } = db()
    const funes = await open({ embedder })
    const { id } = await funes.memories.add({ userId: 'race', content: 'text 0' })
    const key = { userId: 'race', id }
    await funes.memories.update({ ...key, content: 'text 1' })
    const calls = Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0
        ? funes.memories.restoreVersion({ ...key, version: 1 + (i % 4) / 2 })
        : funes.memories.update({ ...key, content: `text ${i}` }),
    )
    const failed = (await Promise.allSettled(calls)).filter(({ status }) => status === 'rejected')
    for (const { reason } of failed as PromiseRejectedResult[]) expect(reason).toSatisfy(code('DB.CONFLICT'))
    const memory = await funes.memories.get(key)
    const [made] = await embedder.embed([memory?.content as string])
    const stored = (await funes.memories.embedding(key)) as Float32Array
    expect(cosineDistance(stored, made as Float32Array)).toBeCloseTo(0, 6)
    const versions = (await funes.memories.history(key)).map(({ version }) => version)
    expect(versions).toEqual(Array.from({ length: (memory?.version ?? 0) - 1 }, (_, i) => i + 1))
    await funes.close()
  })
})
