import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Funes, Memory, MemoryHit, Metric } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { cosineDistance, random, randomVector } from './vectors.js'

const DIMENSIONS = 12
const METRICS: readonly Metric[] = ['cosine', 'l2', 'inner-product']

interface Known {
  memory: Memory
  vector: Float32Array | null
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)
const apart = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, i) => x - (b[i] as number)))

/** Higher is nearer, as a hit's score. */
const scoreBy: Record<Metric, (a: Float32Array, b: Float32Array) => number> = {
  cosine: (a, b) => 1 - cosineDistance(a, b),
  l2: (a, b) => 1 / (1 + apart(a, b)),
  'inner-product': dot,
}
/** Between memories an inner product is no measure of likeness. */
const likeness: Record<Metric, (a: Float32Array, b: Float32Array) => number> = {
  ...scoreBy,
  'inner-product': scoreBy.cosine,
}

onEveryEngine('diversity', (db) => {
  const funes = {} as Record<Metric, Funes>
  const stored: Known[] = []
  const next = random(31)

  beforeAll(async () => {
    const { funes: first, open } = db()
    for (const metric of METRICS) {
      await first.models.register({ name: metric, dimensions: DIMENSIONS, metric })
      funes[metric] = await open({ model: metric })
    }
    // Clusters of near-duplicates of several lengths: what MMR is for.
    const centres = Array.from({ length: 12 }, () => randomVector(next, DIMENSIONS))
    for (let i = 0; i < 90; i++) {
      const centre = centres[i % centres.length] as Float32Array
      const length = 0.5 + 2 * next()
      const vector = i % 30 === 29 ? null : centre.map((x) => length * (x + 0.05 * (2 * next() - 1)))
      const content = `${i % 2 === 0 ? 'even' : 'odd'} number ${i}`
      const memory = { userId: 'u', content, language: 'simple', createdAt: new Date(1e12 + i) }
      for (const metric of METRICS) {
        const added = await funes[metric].memories.add({ ...memory, userId: metric, embedding: vector })
        stored.push({ memory: added, vector })
      }
    }
  })

  const of = (id: string) => stored.find(({ memory }) => memory.id === id) as Known

  /** Fails unless each hit has the greatest λ · relevance − (1 − λ) · likeness of all that were open when it was chosen. */
  function expectMmr(
    hits: readonly MemoryHit[],
    candidates: readonly { id: string; score: number }[],
    { k, lambda, metric }: { k: number; lambda: number; metric: Metric },
  ) {
    const scores = candidates.map((c) => c.score)
    const [low, high] = [Math.min(...scores), Math.max(...scores)]
    const open = new Map(
      candidates.map(({ id, score }) => [id, high === low ? 1 : (score - low) / (high - low)]),
    )
    expect(hits).toHaveLength(Math.min(k, candidates.length))
    const chosen: Known[] = []
    for (const hit of hits) {
      const value = (id: string) => {
        const { vector } = of(id)
        const alike = chosen.map((c) =>
          c.vector === null || vector === null ? 0 : likeness[metric](c.vector, vector),
        )
        return (
          lambda * (open.get(id) as number) - (1 - lambda) * (alike.length === 0 ? 0 : Math.max(...alike))
        )
      }
      const best = Math.max(...[...open.keys()].map(value))
      expect(value(hit.memory.id)).toBeGreaterThan(best - 1e-5)
      open.delete(hit.memory.id)
      chosen.push(of(hit.memory.id))
    }
  }

  const lambdas = fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true }))

  it('is maximal marginal relevance over the candidates under every metric, as in TypeScript', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METRICS),
        fc.integer(),
        lambdas,
        fc.integer({ min: 1, max: 30 }),
        async (metric, seed, lambda, k) => {
          const embedding = randomVector(random(seed), DIMENSIONS)
          const hits = await funes[metric].memories.search({
            userId: metric,
            embedding,
            k,
            accuracy: 'exact',
            diversity: { lambda },
          })
          const candidates = stored.flatMap(({ memory, vector }) =>
            memory.userId === metric && vector !== null
              ? [{ id: memory.id, score: scoreBy[metric](embedding, vector) }]
              : [],
          )
          expectMmr(hits, candidates, { k, lambda, metric })
        },
      ),
      { numRuns: 40 },
    )
  })

  it('chooses among what words, words and meaning, and a ranking bring, memories without a vector included', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METRICS),
        fc.integer(),
        lambdas,
        fc.constantFrom('text' as const, 'hybrid' as const),
        fc.boolean(),
        async (metric, seed, lambda, mode, ranked) => {
          const search = {
            userId: metric,
            text: 'odd 17 29',
            embedding: randomVector(random(seed), DIMENSIONS),
            mode,
            language: 'simple',
            ...(ranked && { ranking: { at: new Date(1e12), halfLifeMs: 30 } }),
          }
          const { memories } = funes[metric]
          const all = await memories.search({ ...search, k: 100 })
          const hits = await memories.search({ ...search, k: 12, diversity: { lambda } })
          const candidates = all.map((hit) => ({ id: hit.memory.id, score: hit.score }))
          expectMmr(hits, candidates, { k: 12, lambda, metric })
          const scores = new Map(candidates.map(({ id, score }) => [id, score]))
          for (const hit of hits) expect(hit.score).toBeCloseTo(scores.get(hit.memory.id) as number, 5)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('is the plain search at lambda 1, and inside a transaction the same', async () => {
    const embedding = randomVector(random(3), DIMENSIONS)
    for (const metric of METRICS) {
      const search = { userId: metric, embedding, k: 10 }
      const plain = await funes[metric].memories.search(search)
      const relevant = { ...search, diversity: { lambda: 1 } }
      expect(await funes[metric].memories.search(relevant)).toEqual(plain)
      const inside = await funes[metric].transaction((tx) => tx.memories.search(relevant))
      expect(inside.map((hit) => hit.memory.id)).toEqual(plain.map((hit) => hit.memory.id))
    }
  })

  it('leaves out near-duplicates of what it has', async () => {
    const { vector } = stored[0] as Known
    const search = { userId: 'cosine', embedding: vector as Float32Array, k: 5, accuracy: 'exact' as const }
    const clusters = (hits: readonly MemoryHit[]) =>
      new Set(hits.map(({ memory }) => Number(memory.content.split(' ')[2]) % 12)).size
    expect(clusters(await funes.cosine.memories.search(search))).toBe(1)
    expect(clusters(await funes.cosine.memories.search({ ...search, diversity: { lambda: 0.3 } }))).toBe(5)
  })

  it('refuses a lambda outside of 0 to 1, and more hits than it may compare', async () => {
    const embedding = randomVector(next, DIMENSIONS)
    for (const wrong of [
      { diversity: { lambda: 1.1 } },
      { diversity: { lambda: -0.1 } },
      { diversity: { lambda: Number.NaN } },
      { diversity: {} },
      { diversity: { lambda: 0.5 }, k: 201 },
    ]) {
      await expect(
        funes.cosine.memories.search({ userId: 'cosine', embedding, ...wrong } as never),
      ).rejects.toMatchObject({ code: 'INPUT.INVALID' })
    }
  })
})
