import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Memory, MemoryHit, Ranking, SearchMemories } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { cosineDistance, random, randomVector } from './vectors.js'

const WORDS = ['amber', 'basil', 'cedar', 'delta', 'ember', 'fjord']
const HOUR = 3_600_000
const NOW = Date.parse('2026-03-01T00:00:00Z')

interface Known {
  memory: Memory
  vector: Float32Array
  /** When it was last of use: its last access, or else its making. */
  usedAt: number
}

/** Brings values to 0..1; without a spread all are the best. */
function normal(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return values.map((v) => (high - low < 1e-100 ? 1 : (v - low) / (high - low)))
}

onEveryEngine('ranking', (db) => {
  const stored: Known[] = []
  const next = random(21)

  beforeAll(async () => {
    const { funes, pool } = db()
    for (let i = 0; i < 150; i++) {
      const vector = randomVector(next)
      const createdAt = new Date(NOW - Math.floor(next() * 400 * HOUR))
      const memory = await funes.memories.add({
        // Few enough for every row of `few` to be a candidate of both halves.
        userId: i < 90 ? 'few' : 'other',
        content: Array.from({ length: 4 }, () => WORDS[Math.floor(next() * WORDS.length)]).join(' '),
        language: 'simple',
        embedding: vector,
        importance: Math.round(next() * 10) / 10,
        createdAt,
      })
      const usedAt = i % 4 === 0 ? NOW - Math.floor(next() * 20 * HOUR) : createdAt.getTime()
      if (i % 4 === 0) {
        await pool.query(
          'insert into memory_access (user_id, memory_id, access_count, last_accessed_at) values ($1, $2, 1, $3)',
          [memory.userId, memory.id, new Date(usedAt)],
        )
      }
      stored.push({ memory, vector, usedAt: Math.max(usedAt, createdAt.getTime()) })
    }
  })

  /** Generative Agents' sum over candidates whose relevance is known. */
  function oracle(candidates: readonly { id: string; relevance: number }[], ranking: Ranking, at: number) {
    const known = new Map(stored.map((s) => [s.memory.id, s]))
    const of = (id: string) => known.get(id) as Known
    const {
      relevance = 1,
      recency = 1,
      importance = 1,
      halfLifeMs = (Math.LN2 / -Math.log(0.995)) * HOUR,
    } = ranking
    const relevances = normal(candidates.map((c) => c.relevance))
    const recencies = normal(
      candidates.map(({ id }) => 2 ** -Math.min(100, Math.max(0, at - of(id).usedAt) / halfLifeMs)),
    )
    const importances = normal(candidates.map(({ id }) => of(id).memory.importance))
    return candidates
      .map(({ id }, i) => ({
        id,
        score:
          relevance * (relevances[i] as number) +
          recency * (recencies[i] as number) +
          importance * (importances[i] as number),
      }))
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  }

  function expectSame(hits: readonly MemoryHit[], expected: readonly { id: string; score: number }[]) {
    const scores = new Map(expected.map(({ id, score }) => [id, score]))
    expect(new Set(hits.map((hit) => hit.memory.id)).size).toBe(hits.length)
    for (const [i, hit] of hits.entries()) {
      expect(hit.score).toBeCloseTo(expected[i]?.score as number, 4)
      expect(hit.score).toBeCloseTo(scores.get(hit.memory.id) as number, 4)
    }
  }

  const weight = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 5, noNaN: true }))
  const rankings = fc
    .record(
      {
        relevance: weight,
        recency: weight,
        importance: weight,
        halfLifeMs: fc.constantFrom(1, 1000, HOUR, 24 * HOUR, 1000 * HOUR, 1e13),
      },
      { requiredKeys: [] },
    )
    .filter(({ relevance = 1, recency = 1, importance = 1 }) => relevance + recency + importance > 0)

  it('is the weighted sum of normalised relevance, recency and importance over the 100 nearest, as in TypeScript', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        rankings,
        fc.integer(),
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: -500, max: 500 }),
        async (ranking, seed, k, hours) => {
          const embedding = randomVector(random(seed))
          const at = new Date(NOW + hours * HOUR)
          const hits = await funes.memories.search({
            scope: 'all-users',
            embedding,
            k,
            accuracy: 'exact',
            ranking: { ...ranking, at },
          })
          const nearest = stored
            .map(({ memory, vector }) => ({
              id: memory.id,
              relevance: 1 - cosineDistance(embedding, vector),
            }))
            .sort((a, b) => b.relevance - a.relevance)
            .slice(0, 100)
          expect(hits).toHaveLength(k)
          expectSame(hits, oracle(nearest, ranking, at.getTime()))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('ranks what words find, and what words and meaning find together, by the same rule', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        rankings,
        fc.integer(),
        fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('text' as const, 'hybrid' as const),
        fc.integer({ min: 1, max: 25 }),
        async (ranking, seed, words, mode, k) => {
          const search: SearchMemories = {
            userId: 'few',
            text: words.join(' '),
            embedding: randomVector(random(seed)),
            mode,
            language: 'simple',
          }
          const at = new Date(NOW)
          const all = await funes.memories.search({ ...search, k: 100 })
          const candidates = all.map((hit) => ({ id: hit.memory.id, relevance: hit.score }))
          const hits = await funes.memories.search({ ...search, k, ranking: { ...ranking, at } })
          expect(hits).toHaveLength(Math.min(k, all.length))
          expectSame(hits, oracle(candidates, ranking, at.getTime()))
          expect(hits.every((hit) => hit.parts !== undefined)).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  it("counts ages to the database's now unless told otherwise, and inside a transaction too", async () => {
    const { funes } = db()
    const embedding = randomVector(random(4))
    const search = { userId: 'few', embedding, k: 3, ranking: { relevance: 0, importance: 0 } } as const
    const newest = [...stored]
      .filter(({ memory }) => memory.userId === 'few')
      .sort((a, b) => b.usedAt - a.usedAt)
      .slice(0, 3)
      .map(({ memory }) => memory.id)
    const found = (hits: readonly MemoryHit[]) => hits.map((hit) => hit.memory.id)
    expect(found(await funes.memories.search(search))).toEqual(newest)
    expect(found(await funes.transaction((tx) => tx.memories.search(search)))).toEqual(newest)
  })

  it('bears every extreme: the tiniest importance and weight, the shortest half-life, no spread', async () => {
    const { funes } = db()
    const embedding = randomVector(next)
    for (const importance of [5e-324, 1, 0, 1e-200]) {
      await funes.memories.add({
        userId: 'extreme',
        content: `importance ${importance}`,
        embedding,
        importance,
        createdAt: new Date(`${1000 + Math.round(importance)}-01-01T00:00:00Z`),
      })
    }
    for (const ranking of [
      { halfLifeMs: 1 },
      { relevance: 1e-6, recency: 1e-6, importance: 1e-6, halfLifeMs: 1e13 },
      { recency: 0 },
      { at: new Date('0001-01-01T00:00:00Z') },
    ]) {
      const hits = await funes.memories.search({ userId: 'extreme', embedding, ranking })
      expect(hits).toHaveLength(4)
      expect(hits[0]?.memory.importance).toBe(1)
    }
    expect(await funes.memories.search({ userId: 'nobody', embedding, ranking: {} })).toEqual([])
  })

  it('refuses rankings that rank by nothing, or by what is no weight', async () => {
    const { funes } = db()
    const embedding = randomVector(next)
    for (const ranking of [
      { relevance: 0, recency: 0, importance: 0 },
      { relevance: -1 },
      { relevance: Number.NaN },
      { recency: 5e-324 },
      { halfLifeMs: 0 },
      { halfLifeMs: Number.POSITIVE_INFINITY },
      { at: new Date('never') },
      { relevence: 1 },
    ]) {
      await expect(
        funes.memories.search({ userId: 'few', embedding, ranking } as never),
      ).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    }
  })
})
