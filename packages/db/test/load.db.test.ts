import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AddMemory, Memory } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(7)
const embedding = () => randomVector(next)
const memories = (userId: string, count: number): AddMemory[] =>
  Array.from({ length: count }, (_, i) => ({ userId, content: `memory ${i}`, embedding: embedding() }))

/** What of a memory does not depend on when and how it was stored. */
const comparable = ({ createdAt, updatedAt, id, ...rest }: Memory) => rest

onEveryEngine('memories.load', (db) => {
  it('stores what add would have stored', async () => {
    const { funes } = db()
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 50 })
      .filter((s) => s.trim() !== '' && !s.includes('\0') && s.isWellFormed())
    const optional = { requiredKeys: ['content'] as 'content'[] }
    const memory = fc.record(
      {
        content: text,
        source: fc.constantFrom('chat', 'tool', 'system', 'document'),
        importance: fc.double({ min: 0, max: 1, noNaN: true }),
        metadata: fc.dictionary(
          text.filter((s) => s !== '__proto__'),
          fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
        ),
        language: fc.constantFrom('english', 'simple', 'german'),
        expiresAt: fc.date({ min: new Date('2100-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
        createdAt: fc.date({ min: new Date('1950-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
      },
      optional,
    )
    let user = 0
    await fc.assert(
      fc.asyncProperty(fc.array(memory, { minLength: 1, maxLength: 20 }), async (given) => {
        const [one, other] = [`load-${user++}`, `load-${user++}`]
        const rows = given.map((row) => ({ ...row, embedding: embedding() }) as Omit<AddMemory, 'userId'>)
        await funes.memories.load(rows.map((row) => ({ ...row, userId: one })))
        for (const row of rows) await funes.memories.add({ ...row, userId: other })
        const loaded = (await funes.memories.list({ userId: one, limit: 100 })).items
        const added = (await funes.memories.list({ userId: other, limit: 100 })).items
        const plain = (items: readonly Memory[]) =>
          items.map((item) => JSON.stringify({ ...comparable(item), userId: '' })).sort()
        expect(plain(loaded)).toEqual(plain(added))
      }),
      { numRuns: 15 },
    )
  })

  it('keeps vectors, created times and words, so that searches find what was loaded', async () => {
    const { funes } = db()
    const createdAt = new Date('2020-02-29T12:00:00.123Z')
    const vector = embedding()
    await funes.memories.load([
      ...memories('finder', 30),
      { userId: 'finder', content: 'The heron stands in the reeds.', embedding: vector, createdAt },
      { userId: 'finder', content: 'without a vector', embedding: null },
    ])
    const [nearest] = await funes.memories.search({ userId: 'finder', embedding: vector, k: 1 })
    expect(nearest?.memory).toMatchObject({ content: 'The heron stands in the reeds.', createdAt })
    expect(nearest?.distance).toBeCloseTo(0, 6)
    const [word] = await funes.memories.search({ userId: 'finder', text: 'herons', mode: 'text', k: 1 })
    expect(word?.memory.id).toBe(nearest?.memory.id)
    expect(await funes.memories.count({ userId: 'finder' })).toBe(32)
  })

  it('goes batch by batch through any iterable and tells how far it is', async () => {
    const { funes } = db()
    async function* slowly() {
      yield* memories('batches', 25)
    }
    const progress: unknown[] = []
    const onProgress = (of: unknown) => progress.push(of)
    expect(await funes.memories.load(slowly(), { batchSize: 10, onProgress })).toEqual({ added: 25 })
    expect(progress).toEqual([10, 20, 25].map((done) => ({ done, total: undefined })))
  })

  it('stores no part of a batch that fails, and keeps those before it', async () => {
    const { funes } = db()
    const good = memories('halves', 10)
    const [first] = good as [AddMemory]
    const taken = await funes.memories.add({ ...first, userId: 'halves' })
    const bad = [...memories('halves', 5), { ...first, userId: 'halves', id: taken.id }]
    await expect(funes.memories.load([...good, ...bad], { batchSize: 10 })).rejects.toMatchObject({
      code: 'MEMORY.EXISTS',
    })
    expect(await funes.memories.count({ userId: 'halves' })).toBe(11)
    const stranger = { ...first, sessionId: 'nobody-started-it' }
    await expect(funes.memories.load([...memories('halves', 3), stranger])).rejects.toMatchObject({
      code: 'SESSION.NOT_FOUND',
    })
    const wrong = { ...first, embedding: [1, 2, 3] }
    await expect(funes.memories.load([...memories('halves', 3), wrong])).rejects.toMatchObject({
      code: 'EMBEDDING.DIMENSION_MISMATCH',
    })
    expect(await funes.memories.count({ userId: 'halves' })).toBe(11)
  })

  it('keeps with each batch what withBatch wrote, or neither', async () => {
    const { funes, pool } = db()
    await pool.query('create table progress_of_load (rows int not null)')
    const rows = memories('checkpoint', 30)
    const load = (failAt: number) => {
      let batch = 0
      return funes.memories.load(rows, {
        batchSize: 10,
        withBatch: async (client, given) => {
          await client.query('insert into progress_of_load values ($1)', [given.length])
          if (batch++ === failAt) throw new Error('stopped here')
        },
      })
    }
    await expect(load(2)).rejects.toThrow('stopped here')
    expect((await pool.query('select sum(rows)::int as rows from progress_of_load')).rows).toEqual([
      { rows: 20 },
    ])
    expect(await funes.memories.count({ userId: 'checkpoint' })).toBe(20)
  })

  it('keeps batches in their order, and none after one that failed, however many are stored at a time', async () => {
    const { funes, pool } = db()
    await pool.query('create table order_of_load (nr int generated always as identity, first text not null)')
    const rows = memories('in-order', 100)
    const taken = await funes.memories.add({ ...(rows[57] as AddMemory), content: 'taken' })
    rows[57] = { ...(rows[57] as AddMemory), id: taken.id }
    const load = funes.memories.load(rows, {
      batchSize: 10,
      withBatch: async (client, [first]) => {
        await client.query('insert into order_of_load (first) values ($1)', [first?.content])
      },
    })
    await expect(load).rejects.toMatchObject({ code: 'MEMORY.EXISTS' })
    const kept = await pool.query<{ first: string }>('select first from order_of_load order by nr')
    expect(kept.rows.map(({ first }) => first)).toEqual([0, 10, 20, 30, 40].map((i) => rows[i]?.content))
    expect(await funes.memories.count({ userId: taken.userId })).toBe(51)
  })

  it('refuses an id that is twice in neighbouring batches, and does not wait for itself', async () => {
    const { funes } = db()
    const rows = memories('twice', 40)
    const id = randomUUID()
    for (const i of [5, 15]) rows[i] = { ...(rows[i] as AddMemory), id }
    await expect(funes.memories.load(rows, { batchSize: 10 })).rejects.toMatchObject({
      code: 'MEMORY.EXISTS',
    })
    expect(await funes.memories.count({ userId: 'twice' })).toBe(10)
  })

  it('ends between batches when its signal says so', async () => {
    const { funes } = db()
    const controller = new AbortController()
    const stop = () => controller.abort(new Error('enough'))
    const load = funes.memories.load(memories('stopped', 40), {
      batchSize: 10,
      signal: controller.signal,
      onProgress: stop,
    })
    await expect(load).rejects.toMatchObject({ code: 'CALL.ABORTED', cause: { message: 'enough' } })
    const count = await funes.memories.count({ userId: 'stopped' })
    expect(count % 10).toBe(0)
    expect(count).toBeLessThan(40)
  })

  it('is refused inside a transaction, and refuses what it cannot go through', async () => {
    const { funes } = db()
    const inside = funes.transaction(() => funes.memories.load(memories('inside', 1)))
    await expect(inside).rejects.toMatchObject({ code: 'TRANSACTION.NOT_ALLOWED' })
    await expect(funes.memories.load(7 as never)).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    const options = { batchSize: 0 }
    await expect(funes.memories.load([], options)).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    await expect(funes.memories.load([{ userId: 'x', content: ' ' }])).rejects.toMatchObject({
      code: 'MEMORY.CONTENT_EMPTY',
    })
    expect(await funes.memories.load([])).toEqual({ added: 0 })
  })
})
