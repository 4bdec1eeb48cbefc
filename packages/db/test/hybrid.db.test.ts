import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Memory, MemoryHit } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { cosineDistance, random, randomVector } from './vectors.js'

const WORDS = [
  'amber',
  'basil',
  'cedar',
  'delta',
  'ember',
  'fjord',
  'grove',
  'heron',
  'iris',
  'jade',
  'kelp',
  'lotus',
]
const K1 = 1.2
const B = 0.75

interface Doc {
  memory: Memory
  words: string[]
  vector: Float32Array
}

const distinct = (words: readonly string[]) => [...new Set(words)]

/** BM25 over the words of one user's memories, in plain TypeScript. */
function bm25(docs: readonly Doc[], query: readonly string[]): Map<string, number> {
  const terms = distinct(query).filter((term) => docs.some((doc) => doc.words.includes(term)))
  const matching = docs.filter((doc) => terms.some((term) => doc.words.includes(term)))
  const average = Math.max(
    1,
    matching.reduce((sum, doc) => sum + distinct(doc.words).length, 0) / Math.max(1, matching.length),
  )
  return new Map(
    docs.map((doc) => {
      const score = terms.reduce((sum, term) => {
        const df = docs.filter((d) => d.words.includes(term)).length
        const tf = doc.words.filter((word) => word === term).length
        const idf = Math.log(1 + (docs.length - df + 0.5) / (df + 0.5))
        return sum + (idf * tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * distinct(doc.words).length) / average))
      }, 0)
      return [doc.memory.id, score]
    }),
  )
}

/** Brings values to 0..weight; absent ones are 0, and without a spread all are the best. */
function normal(values: Map<string, number>, weight: number): Map<string, number> {
  const all = [...values.values()]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  return new Map(
    [...values].map(([id, v]) => [id, high === low ? weight : (weight * (v - low)) / (high - low)]),
  )
}

onEveryEngine('hybrid search', (db) => {
  const docs: Doc[] = []
  const next = random(11)

  beforeAll(async () => {
    const { funes } = db()
    for (const id of ['s0', 's1']) await funes.sessions.start({ userId: 'u', id })
    for (let i = 0; i < 60; i++) {
      const words = Array.from(
        { length: 2 + Math.floor(next() * 8) },
        () => WORDS[Math.floor(next() ** 2 * WORDS.length)] as string,
      )
      const vector = randomVector(next)
      const memory = await funes.memories.add({
        userId: 'u',
        content: words.join(' '),
        language: 'simple',
        embedding: vector,
        sessionId: `s${i % 2}`,
        createdAt: new Date(1_700_000_000_000 + i * 1000),
      })
      docs.push({ memory, words, vector })
    }
    await funes.memories.add({
      userId: 'v',
      content: WORDS.join(' '),
      embedding: randomVector(next),
      language: 'simple',
    })
  })

  function oracle(
    query: readonly string[],
    vector: Float32Array,
    weights: { vector: number; text: number },
    lend: number,
  ) {
    const text = normal(bm25(docs, query), weights.text)
    const any = docs.some((doc) => doc.words.some((word) => query.includes(word)))
    const near = normal(
      new Map(docs.map((doc) => [doc.memory.id, -cosineDistance(vector, doc.vector)])),
      weights.vector,
    )
    const base = (doc: Doc | undefined) =>
      doc === undefined
        ? 0
        : (near.get(doc.memory.id) as number) +
          (any && bm25(docs, query).get(doc.memory.id) ? (text.get(doc.memory.id) as number) : 0)
    return docs
      .map((doc, i) => ({
        id: doc.memory.id,
        score: base(doc) + lend * Math.max(base(docs[i - 2]), base(docs[i + 2])),
      }))
      .sort((a, b) => b.score - a.score)
  }

  function expectSame(hits: readonly MemoryHit[], expected: readonly { id: string; score: number }[]) {
    const scores = new Map(expected.map(({ id, score }) => [id, score]))
    for (const [i, hit] of hits.entries()) {
      expect(hit.memory.userId).toBe('u')
      expect(hit.score).toBeCloseTo(expected[i]?.score as number, 4)
      expect(hit.score).toBeCloseTo(scores.get(hit.memory.id) as number, 4)
    }
  }

  const question = fc.array(fc.constantFrom(...WORDS, 'unheard'), { minLength: 1, maxLength: 4 })

  it('is BM25 and the exact distance, normalised and summed, as in TypeScript; neighbours lend as they should', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        question,
        fc.integer(),
        fc.constantFrom(0, 0.5, 1),
        fc.constantFrom(0, 0.3),
        async (words, seed, share, lend) => {
          const embedding = randomVector(random(seed))
          const weights = { vector: share, text: 1 - share }
          const hits = await funes.memories.search({
            userId: 'u',
            text: words.join(' '),
            embedding,
            k: 15,
            weights,
            language: 'simple',
            ...(lend > 0 && { context: { lend } }),
          })
          expect(hits).toHaveLength(15)
          expectSame(hits, oracle(words, embedding, weights, lend))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('finds by words alone without an embedder, rarest words first', async () => {
    const { funes } = db()
    const hits = await funes.memories.search({ userId: 'u', text: 'amber lotus', k: 60, language: 'simple' })
    const scores = bm25(docs, ['amber', 'lotus'])
    expect(hits.map((h) => h.memory.id).sort()).toEqual(
      docs
        .filter((d) => scores.get(d.memory.id))
        .map((d) => d.memory.id)
        .sort(),
    )
    expect(hits.map((h) => scores.get(h.memory.id))).toEqual(
      [...hits.map((h) => scores.get(h.memory.id) as number)].sort((a, b) => b - a),
    )
    expect(hits.every((h) => h.distance === null)).toBe(true)
    expect(await funes.memories.search({ userId: 'u', text: 'unheard of', language: 'simple' })).toEqual([])
  })

  it('means by quotes and minus what people mean', async () => {
    const { funes } = db()
    const find = async (text: string) =>
      (
        await funes.memories.search({
          userId: 'u',
          text,
          embedding: randomVector(random(1)),
          k: 100,
          language: 'simple',
        })
      ).map((h) => h.memory.content)
    const contents = docs.map((d) => d.memory.content)
    expect((await find('amber -basil')).sort()).toEqual(contents.filter((c) => !c.includes('basil')).sort())
    expect((await find('"amber basil"')).sort()).toEqual(
      contents.filter((c) => c.includes('amber basil')).sort(),
    )
    expect((await find('"amber basil" or "cedar amber"')).sort()).toEqual(
      contents.filter((c) => c.includes('amber basil') || c.includes('cedar amber')).sort(),
    )
  })

  it('fuses by rank when asked', async () => {
    const { funes } = db()
    const hits = await funes.memories.search({
      userId: 'u',
      text: 'amber',
      embedding: randomVector(random(3)),
      k: 60,
      fusion: 'rank',
      language: 'simple',
    })
    const best = [...hits].sort((a, b) => (a.distance as number) - (b.distance as number))[0] as MemoryHit
    expect(best.parts?.vector).toBeCloseTo(0.5 / 11, 6)
    expect(hits.map((h) => h.score)).toEqual([...hits.map((h) => h.score)].sort((a, b) => b - a))
  })

  it('returns the turns around a hit, of its session, oldest first', async () => {
    const { funes } = db()
    const target = docs[20] as Doc
    const [hit] = await funes.memories.search({
      userId: 'u',
      embedding: target.vector,
      k: 1,
      context: { before: 2, after: 1 },
    })
    expect(hit?.memory.id).toBe(target.memory.id)
    expect(hit?.context?.before.map((m) => m.id)).toEqual([16, 18].map((i) => docs[i]?.memory.id))
    expect(hit?.context?.after.map((m) => m.id)).toEqual([docs[22]?.memory.id])
    const [last] = await funes.memories.search({
      userId: 'u',
      embedding: (docs[59] as Doc).vector,
      k: 1,
      context: { after: 3 },
    })
    expect(last?.context).toEqual({ before: [], after: [] })
  })

  it('reads any text without failing', async () => {
    const { funes } = db()
    const hostile = [
      "'",
      '\\',
      "a\\'b",
      ':*',
      '!!',
      '<->',
      '&|',
      "'; drop table memories; --",
      '"',
      '-"',
      '((',
      '%',
      '\u200b',
      '日本語',
      'http://a.b/c?d=e',
      'x'.repeat(5000),
    ]
    for (const text of hostile) {
      await funes.memories.add({ userId: 'h', content: text, embedding: randomVector(next) })
      await funes.memories.search({ userId: 'h', text, embedding: randomVector(next) })
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (text) => {
        if (text.includes('\u0000')) return
        await funes.memories.search({ userId: 'h', text })
      }),
      { numRuns: 60 },
    )
  })

  it('refuses modes that lack what they need, and languages that do not exist', async () => {
    const { funes } = db()
    for (const search of [
      { mode: 'text' },
      { mode: 'hybrid', embedding: randomVector(next) },
      { mode: 'hybrid', text: 'x' },
      { text: 'x', language: "x'; drop" },
      { text: 'x', language: 'klingon' },
    ]) {
      await expect(funes.memories.search({ userId: 'u', ...search } as never)).rejects.toMatchObject({
        name: 'FunesError',
      })
    }
  })
})
