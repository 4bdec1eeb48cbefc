import type pg from 'pg'
import { expect, it } from 'vitest'
import { isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'

const idle = () => new Promise((resolve) => setTimeout(resolve, 600))

/** What is sent by `work` that asks which model is in use, on the pool or on any connection of it. */
async function asks(pool: pg.Pool, work: () => Promise<unknown>): Promise<number> {
  let seen = 0
  const count = (target: { query: (...args: never[]) => unknown }) => {
    const query = target.query
    target.query = function counted(...args: never[]) {
      const [first] = args as unknown[]
      const text = typeof first === 'string' ? first : (first as { text?: string })?.text
      if (text?.includes('recursive followed')) seen++
      return Reflect.apply(query, this, args)
    }
    return () => {
      target.query = query
    }
  }
  const undo = new Map<unknown, () => void>()
  const { connect } = pool
  // The pool's own query takes a connection too, which is counted there.
  pool.connect = ((callback?: (error: unknown, client: pg.PoolClient | undefined, done: unknown) => void) => {
    const counted = (client: pg.PoolClient | undefined) => {
      if (client && !undo.has(client)) undo.set(client, count(client as never))
      return client
    }
    if (callback === undefined) return Reflect.apply(connect, pool, []).then(counted)
    return Reflect.apply(connect, pool, [
      (error: unknown, client: pg.PoolClient | undefined, done: unknown) =>
        callback(error, counted(client), done),
    ])
  }) as typeof pool.connect
  try {
    await work()
  } finally {
    pool.connect = connect
    for (const step of undo.values()) step()
  }
  return seen
}

onEveryEngine('work under the model in use', (db) => {
  const main = textEmbedder('main')

  it('stores a memory once, although the embedder of a model being built fails in whatever way', async () => {
    const answers: (() => Promise<Float32Array[]>)[] = [
      async () => [new Float32Array(16).fill(Number.NaN)],
      async () => ['no vector'] as unknown as Float32Array[],
      async () => {
        throw new Error('down')
      },
    ]
    await (await db().open({ embedder: main })).migrate()
    for (const [i, embed] of answers.entries()) {
      const name = `coming-${i}`
      const funes = await db().open({ embedder: main, embedders: [{ model: name, dimensions: 16, embed }] })
      await funes.models.register({ name, dimensions: 16, buildIndex: false })
      const userId = `failing-${i}`
      await funes.memories.add({ userId, content: 'a' })
      await funes.transaction((tx) => tx.memories.add({ userId, content: 'b' }))
      const { items } = await funes.memories.list({ userId })
      await funes.memories.update({ userId, id: items[0]?.id as string, content: 'c' })
      expect(await funes.memories.count({ userId })).toBe(2)
    }
  })

  it('stores it although the database refuses the other vector, but hides that from no transaction', async () => {
    const name = 'vanishing'
    const coming = {
      ...textEmbedder(name),
      embed: async (texts: readonly string[]) => {
        await funes.prisma.$executeRawUnsafe(`delete from embedding_models where name = '${name}'`)
        return textEmbedder(name).embed(texts)
      },
    }
    const funes = await db().open({ embedder: main, embedders: [coming] })
    await funes.migrate()
    await funes.models.register({ name, dimensions: 16, buildIndex: false })
    await idle()
    const userId = name
    await expect(funes.transaction((tx) => tx.memories.add({ userId, content: 'first' }))).rejects.toSatisfy(
      (e) => isFunesError(e, 'DB.CONSTRAINT'),
    )
    expect(await funes.memories.count({ userId })).toBe(0)
    await funes.memories.add({ userId, content: 'third' })
    expect(await funes.memories.count({ userId })).toBe(1)
    expect(await funes.models.get(name)).toBeNull()
  })

  it('keeps the vectors under other models when a change gives the same text, and their term in step', async () => {
    const next = textEmbedder('same-next', 24)
    const funes = await db().open({ embedder: main, embedders: [next] })
    await funes.migrate()
    await funes.models.register({ name: next.model, dimensions: 24, buildIndex: false })
    await idle()
    const { id } = await funes.memories.add({ userId: 'same', content: 'tea' })
    // Without the other embedder nobody makes its vectors again.
    const alone = await db().open({ embedder: main })
    const terms = async () => {
      const { rows } = await db().pool.query(
        'select expires_at from memory_embeddings where memory_id = $1 order by model_id',
        [id],
      )
      return rows.map((row) => row.expires_at?.getTime())
    }
    expect(await terms()).toHaveLength(2)
    const expiresAt = new Date(Date.now() + 1e6)
    await alone.memories.update({ userId: 'same', id, content: 'tea', importance: 0.9, expiresAt })
    expect(await terms()).toEqual([expiresAt.getTime(), expiresAt.getTime()])
    await alone.memories.update({ userId: 'same', id, content: 'coffee', expiresAt: null })
    expect(await terms()).toEqual([undefined])
  })

  it('asks which model is in use once a transaction, not once a call', async () => {
    const funes = await db().open({ embedder: main })
    await funes.migrate()
    await funes.memories.add({ userId: 'tx', content: 'tea' })
    await idle()
    const search = { userId: 'tx', text: 'tea', mode: 'vector' } as const
    const sent = await asks(db().pool, () =>
      funes.transaction(async (tx) => {
        for (let i = 0; i < 4; i++) expect(await tx.memories.search(search)).toHaveLength(1)
        for (let i = 0; i < 4; i++) expect(await funes.memories.search(search)).toHaveLength(1)
      }),
    )
    expect(sent).toBe(1)
  })

  it('does not ask again for nothing found, or nothing good enough, when it has just asked', async () => {
    const funes = await db().open({ embedder: main })
    await funes.migrate()
    await funes.memories.add({ userId: 'good', content: 'tea' })
    await idle()
    const good = { userId: 'good', text: 'other', mode: 'vector', minScore: 0.99 } as const
    expect(await funes.memories.search(good)).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const search of [
      () => funes.memories.search(good),
      () => funes.memories.search({ ...good, ranking: {} }),
      () => funes.memories.search({ ...good, diversity: { lambda: 0.5 } }),
      () => funes.memories.search({ ...good, explain: true }),
    ])
      expect(await asks(db().pool, search)).toBe(0)
    const nobody = { userId: 'nobody', text: 'tea', mode: 'vector' } as const
    expect(await asks(db().pool, () => funes.memories.search(nobody))).toBe(1)
    expect(await asks(db().pool, () => funes.memories.search(nobody))).toBe(0)
  })

  it('searches at once after a pause, and once more where another model took over meanwhile', async () => {
    const [old, next] = [textEmbedder('before'), textEmbedder('after', 24)]
    let embedded = 0
    const watched = {
      ...old,
      embed: async (texts: readonly string[]) => {
        embedded++
        return old.embed(texts)
      },
    }
    const funes = await db().open({ embedder: old, embedders: [next] })
    for (const e of [old, next]) await funes.models.register({ name: e.model, dimensions: e.dimensions })
    await funes.memories.add({ userId: 'pause', content: 'tea' })
    const other = await db().open({ embedder: watched, embedders: [next] })
    const search = () => other.memories.search({ userId: 'pause', text: 'tea', mode: 'vector' })
    await search()
    await idle()
    embedded = 0
    // The embedder is called before the database has answered anything.
    let embeddedBeforeAnswer: boolean | undefined
    const { pool } = db()
    const { connect } = pool
    pool.connect = ((done: (...given: unknown[]) => void) =>
      Reflect.apply(connect, pool, [
        (error: unknown, client: pg.PoolClient, release: () => void) => {
          const { query } = client
          client.query = ((config: unknown, answer: (...given: unknown[]) => void) =>
            Reflect.apply(query, client, [
              config,
              (...given: unknown[]) => {
                client.query = query
                embeddedBeforeAnswer ??= embedded > 0
                answer(...given)
              },
            ])) as never
          done(error, client, release)
        },
      ])) as never
    await search().finally(() => {
      pool.connect = connect
    })
    expect(embeddedBeforeAnswer).toBe(true)

    await funes.models.reembed({ to: next.model })
    await funes.memories.add({ userId: 'pause', content: 'new' })
    await idle()
    const hits = await other.memories.search({ userId: 'pause', text: 'new', mode: 'vector' })
    expect(hits[0]?.memory.content).toBe('new')
    await expect(
      other.memories.search({ userId: 'pause', text: 'x', mode: 'vector', k: 0 }),
    ).rejects.toSatisfy((e) => isFunesError(e, 'INPUT.INVALID'))
  })
})
