import { beforeAll, expect, it } from 'vitest'
import type { ExplainSearch, Funes, MemoryHit, SearchMemories } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 8
const MANY = 4200
const FEW = 40

onEveryEngine('explained search', (db) => {
  let funes: Funes
  const next = random(51)
  const vector = () => randomVector(next, DIMENSIONS)

  beforeAll(async () => {
    const { funes: first, pool, open } = db()
    await first.models.register({ name: 'tiny', dimensions: DIMENSIONS })
    const embedder = {
      model: 'tiny',
      dimensions: DIMENSIONS,
      embed: async (texts: readonly string[]) => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return texts.map(() => vector())
      },
    }
    funes = await open({ embedder })
    const all = Array.from({ length: MANY + FEW }, (_, i) => ({
      userId: i < FEW ? 'few' : 'many',
      content: `memory ${i} ${i % 4 === 0 ? 'of tea' : 'of rain'}`,
      embedding: vector(),
      importance: (i % 10) / 10,
    }))
    await funes.memories.addMany(all, { batchSize: 1000 })
    await pool.query('analyze')
  })

  const bare = (hits: readonly MemoryHit[]) =>
    hits.map(({ memory, distance, score, parts }) => ({ memory, distance, score, parts }))

  async function explained(search: SearchMemories) {
    const plain = await funes.memories.search(search)
    const { hits, explanation } = await funes.memories.search({ ...search, explain: true } as ExplainSearch)
    expect(bare(hits)).toEqual(bare(plain))
    const { embedMs, statementMs, totalMs } = explanation.timings
    expect(statementMs).toBeGreaterThan(0)
    expect(totalMs).toBeGreaterThanOrEqual(embedMs + statementMs)
    return { hits, explanation }
  }

  it('tells which way a search by meaning went, and how many rows it could choose from', async () => {
    const few = await explained({ userId: 'few', embedding: vector() })
    expect(few.explanation).toMatchObject({
      mode: 'vector',
      path: 'exact',
      candidates: { count: FEW, capped: false },
      rowsExamined: { vector: FEW, text: null },
      considered: 10,
      efSearch: null,
    })
    const filter = { importance: { gte: 0.85 } }
    const filtered = await explained({ userId: 'few', embedding: vector(), filter })
    expect(filtered.explanation).toMatchObject({
      path: 'exact',
      candidates: { count: FEW / 10 },
      considered: 4,
    })
    const many = await explained({ scope: 'all-users', embedding: vector() })
    expect(many.explanation).toMatchObject({
      path: 'index',
      candidates: { capped: true },
      rowsExamined: { vector: null },
    })
    expect(many.explanation.efSearch).toBeGreaterThanOrEqual(10)
    const exact = await explained({ userId: 'many', embedding: vector(), accuracy: 'exact' })
    expect(exact.explanation).toMatchObject({
      path: 'exact',
      candidates: { count: MANY, capped: false },
      rowsExamined: { vector: MANY },
      efSearch: null,
    })
    const none = await explained({ userId: 'nobody', embedding: vector() })
    expect(none.hits).toEqual([])
    expect(none.explanation).toMatchObject({ path: 'exact', candidates: { count: 0 }, considered: 0 })
  })

  it('tells the parts of a fused score, and how many rows words were looked up in', async () => {
    const search = { userId: 'few', text: 'tea', embedding: vector(), context: { lend: 0.3 } }
    const { hits, explanation } = await explained(search)
    expect(explanation).toMatchObject({
      mode: 'hybrid',
      path: 'exact',
      candidates: { count: FEW },
      rowsExamined: { vector: FEW, text: FEW / 4 },
    })
    for (const { score, explanation: parts } of hits) {
      expect((parts.vector ?? 0) + (parts.text ?? 0) + (parts.neighbour ?? 0)).toBeCloseTo(score, 10)
      expect(parts).toMatchObject({ relevance: null, recency: null, importance: null, diversity: null })
    }
    const words = await explained({ userId: 'few', text: 'tea', mode: 'text', k: 5 })
    expect(words.explanation).toMatchObject({
      mode: 'text',
      path: null,
      candidates: null,
      rowsExamined: { vector: null, text: FEW / 4 },
      considered: 5,
    })
    expect(words.hits[0]?.explanation).toMatchObject({ vector: 0, text: 1, neighbour: 0 })
  })

  it('tells the parts of a rank, as they are and as they count', async () => {
    const weights = { relevance: 0.5, recency: 2, importance: 1.5 }
    const at = new Date(Date.now() + 3_600_000)
    const ranking = { ...weights, halfLifeMs: 3_600_000, at }
    const { hits, explanation } = await explained({ userId: 'few', embedding: vector(), k: 7, ranking })
    expect(explanation.considered).toBe(FEW)
    for (const { memory, distance, score, explanation: parts } of hits) {
      const { relevance, recency, importance } = parts
      expect(relevance?.raw).toBeCloseTo(1 - (distance as number), 6)
      expect(recency?.raw).toBeCloseTo(2 ** (-(at.getTime() - memory.createdAt.getTime()) / 3_600_000), 6)
      expect(importance?.raw).toBe(memory.importance)
      expect(relevance?.weighted).toBe(0.5 * (relevance?.normalised as number))
      const sum = [relevance, recency, importance].reduce((total, part) => total + (part?.weighted ?? 0), 0)
      expect(sum).toBeCloseTo(score, 10)
    }
  })

  it('tells what a hit gave up for being like another', async () => {
    const lambda = 0.4
    const { hits, explanation } = await explained({
      userId: 'few',
      embedding: vector(),
      diversity: { lambda },
    })
    expect(explanation.considered).toBe(FEW)
    expect(hits[0]?.explanation.diversity).toEqual({ relevance: 1, similarity: 0, penalty: 0, value: lambda })
    for (const { explanation: parts } of hits) {
      const { relevance, similarity, penalty, value } = parts.diversity as NonNullable<typeof parts.diversity>
      expect(penalty).toBeCloseTo(0.6 * similarity, 10)
      expect(value).toBeCloseTo(lambda * relevance - penalty, 10)
    }
  })

  it('explains a page, a question that it embeds, and a search inside a transaction', async () => {
    const page = { userId: 'few', embedding: vector(), accuracy: 'exact', after: null, k: 3 } as const
    const { hits, explanation } = await explained(page)
    expect(explanation).toMatchObject({ mode: 'vector', path: 'exact', considered: 3 })
    expect(hits.every((hit) => typeof hit.cursor === 'string')).toBe(true)
    const search = { userId: 'few', text: 'tea', explain: true } as const
    const embedded = await funes.memories.search(search)
    expect(embedded.explanation.timings.embedMs).toBeGreaterThan(25)
    const inside = await funes.transaction((tx) => tx.memories.search(search))
    expect(inside.explanation).toMatchObject({
      path: 'exact',
      candidates: { count: FEW, capped: false },
      rowsExamined: { vector: FEW, text: FEW / 4 },
    })
    expect(inside.hits).toHaveLength(10)
  })
})
