import { expect, it } from 'vitest'
import { type IndexKind, isFunesError, type Metric } from '../src/index.js'
import { searchMemories } from '../src/sql/memory-search.js'
import { compile } from '../src/sql/statement.js'
import { encodeVector } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

onEveryEngine('models', (db) => {
  it('come with the 384-dimension model of the first migration', async () => {
    const [model] = await db().funes.models.list()
    expect(model).toMatchObject({
      id: 1,
      name: 'default',
      dimensions: 384,
      metric: 'cosine',
      state: 'active',
    })
  })

  it('register once, also when ten calls race', async () => {
    const { funes } = db()
    const all = await Promise.all(
      Array.from({ length: 10 }, () => funes.models.register({ name: 'm512', dimensions: 512 })),
    )
    expect(new Set(all.map((m) => m.id)).size).toBe(1)
  })

  it('refuse other facts under a name that is taken', async () => {
    const { funes } = db()
    await funes.models.register({ name: 'taken', dimensions: 8 })
    await expect(funes.models.register({ name: 'taken', dimensions: 9 })).rejects.toSatisfy((e) =>
      isFunesError(e, 'MODEL.CONFLICT'),
    )
  })

  it('refuse an index that pgvector does not have', async () => {
    const { funes } = db()
    const wrong = [
      { dimensions: 2001, indexKind: 'hnsw-vector' },
      { dimensions: 4001, indexKind: 'hnsw-halfvec' },
      { dimensions: 64, indexKind: 'hnsw-bit', metric: 'l2' },
    ] as const
    for (const facts of wrong) {
      await expect(funes.models.register({ name: 'wrong', ...facts })).rejects.toSatisfy((e) =>
        isFunesError(e, 'MODEL.INDEX_UNSUPPORTED'),
      )
    }
    expect(await funes.models.get('wrong')).toBeNull()
  })

  const kinds: readonly (readonly [IndexKind, Metric])[] = [
    ['hnsw-vector', 'cosine'],
    ['hnsw-vector', 'l2'],
    ['hnsw-vector', 'inner-product'],
    ['hnsw-halfvec', 'cosine'],
    ['hnsw-halfvec', 'l2'],
    ['hnsw-halfvec', 'inner-product'],
    ['hnsw-bit', 'cosine'],
    ['none', 'cosine'],
  ]

  it.each(kinds)(
    'search with %s and %s through the index as well as without it',
    async (indexKind, metric) => {
      const { open, pool } = db()
      const name = `${indexKind}-${metric}`
      const funes = await open({ model: name })
      const model = await funes.models.register({ name, dimensions: 64, indexKind, metric })
      const next = random(9)
      await funes.memories.addMany(
        Array.from({ length: 60 }, (_, i) => ({
          userId: name,
          content: `${i}`,
          embedding: randomVector(next, 64),
        })),
      )
      const query = randomVector(next, 64)
      const exact = await funes.memories.search({ userId: name, embedding: query, accuracy: 'exact' })
      expect(exact).toHaveLength(10)
      const sql = compile(
        searchMemories({
          space: model,
          query: encodeVector(query, 64),
          userId: name,
          filter: undefined,
          k: 10,
          exactUpTo: 1,
          efSearch: 200,
        }),
      )
      const { rows } = await pool.query(sql.text, sql.values)
      expect(rows.map((row) => row.content)).toEqual(exact.map((hit) => hit.memory.content))
    },
  )

  it('keep a vector in its row up to 2,000 dimensions', async () => {
    const { open, pool } = db()
    const funes = await open({ model: 'wide' })
    await funes.models.register({ name: 'wide', dimensions: 1536 })
    await funes.memories.add({ userId: 'wide', content: 'x', embedding: randomVector(random(1), 1536) })
    const { rows } = await pool.query(
      "select pg_relation_size(reltoastrelid) as toast from pg_class where oid = 'memory_embeddings'::regclass",
    )
    expect(Number(rows[0].toast)).toBe(0)
  })

  it('ask to be registered before they are used', async () => {
    const funes = await db().open({ model: 'nowhere' })
    await expect(funes.memories.search({ userId: 'u', embedding: [1] })).rejects.toSatisfy((e) =>
      isFunesError(e, 'MODEL.NOT_FOUND'),
    )
  })
})
