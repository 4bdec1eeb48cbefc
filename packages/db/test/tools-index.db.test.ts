import { beforeAll, expect, it } from 'vitest'
import type { SelectTools } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { textEmbedder } from './text-embedder.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 16
/** More than are compared one by one: see docs/adr/0016-exact-or-index.md. */
const TOOLS = { embedded: 2600, server: 4100 } as const
const K = 10

onEveryEngine(
  'more tools than are compared one by one',
  (db) => {
    const next = random(71)
    const anyVector = () => randomVector(next, DIMENSIONS)
    const select = async (embedding: Float32Array, more: Partial<SelectTools> = {}) => {
      const options = { embedding, k: K, ...more, explain: true as const }
      const { hits, explanation } = await db().funes.tools.select(options)
      return { hits, names: hits.map(({ tool }) => tool.name), explanation }
    }
    const shared = (some: readonly string[], others: readonly string[]) =>
      some.filter((name) => others.includes(name)).length

    beforeAll(async () => {
      const { funes, pool, engine } = db()
      // Built in one go: vector by vector it takes ten times as long.
      await funes.indexes.drop('encoder')
      const vectors = Array.from({ length: TOOLS[engine] }, () => `[${anyVector().join()}]`)
      await pool.query(
        `with made as (
           insert into tools (name, description, search_text, tags, enabled)
           select 'tool_' || i, 'Does ' || i, 'Does ' || i, case when i % 200 = 0 then '{few}' else '{}' end::text[], i % 10 <> 0
           from generate_series(1, $1::int) i
           returning id, name
         )
         insert into tool_embeddings (tool_id, model_id, dimensions, embedding)
         select made.id, m.id, m.dimensions, v.vector::vector
         from unnest($2::text[]) with ordinality as v (vector, i)
         join made on made.name = 'tool_' || v.i
         join embedding_models m on m.name = 'encoder'`,
        [vectors.length, vectors],
      )
      await funes.indexes.build('encoder')
      await pool.query('analyze tools, tool_embeddings')
    })

    it('are found through the index, nearly as by comparing all, and better where more is asked', async () => {
      const recall = { high: 0, fast: 0 }
      const rounds = 15
      for (let i = 0; i < rounds; i++) {
        const embedding = anyVector()
        const filter = { enabled: 'any' } as const
        const exact = await select(embedding, { filter, accuracy: 'exact' })
        expect(exact.explanation.path).toBe('exact')
        for (const accuracy of ['high', 'fast'] as const) {
          const { names, explanation } = await select(embedding, { filter, accuracy })
          expect(explanation.path).toBe('index')
          expect(names).toHaveLength(K)
          recall[accuracy] += shared(names, exact.names) / (K * rounds)
        }
      }
      expect(recall.high).toBeGreaterThan(0.97)
      expect(recall.fast).toBeGreaterThan(0.8)
      expect(recall.high).toBeGreaterThanOrEqual(recall.fast)
    })

    it('come in full though the nearest hundreds are disabled', async () => {
      const embedding = anyVector()
      const near = await select(embedding, { k: 200, accuracy: 'exact' })
      await db().pool.query('update tools set enabled = false where name = any($1)', [near.names])
      const exact = await select(embedding, { accuracy: 'exact' })
      expect(shared(exact.names, near.names)).toBe(0)
      for (const accuracy of ['high', 'fast'] as const) {
        const { hits, names, explanation } = await select(embedding, { accuracy })
        expect(explanation.path).toBe('index')
        expect(hits.every(({ tool }) => tool.enabled)).toBe(true)
        expect(shared(names, exact.names)).toBeGreaterThanOrEqual(K - 1)
      }
      await db().pool.query('update tools set enabled = true where name = any($1)', [near.names])
    })

    it('are compared one by one where few are meant, and found by words and meaning', async () => {
      const embedding = anyVector()
      const filter = { tags: ['few'], enabled: 'any' } as const
      const few = await select(embedding, { filter, accuracy: 'fast' })
      expect(few.explanation.path).toBe('exact')
      expect(few.names).toEqual((await select(embedding, { filter, accuracy: 'exact' })).names)
      expect(few.hits.every(({ tool }) => tool.tags.includes('few'))).toBe(true)

      const weights = { vector: 0.3, text: 0.7 }
      const hybrid = await select(embedding, { text: 'does 1234', accuracy: 'high', weights })
      expect(hybrid.explanation.path).toBe('index')
      expect(hybrid.names[0]).toBe('tool_1234')
    })
  },
  { embedder: textEmbedder('encoder', DIMENSIONS) },
)
