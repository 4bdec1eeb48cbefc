import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { MemoryHit } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { type Doc, hybridScores, rankScores } from './hybrid-oracle.js'
import { ODD_TEXTS } from './odd-texts.js'
import { random, randomVector } from './vectors.js'

const WORDS = 'amber basil cedar delta ember fjord grove heron iris jade kelp lotus'.split(' ')

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
      const labelled = next() < 0.3
      const asks = next() < 0.2
      const [first, ...others] = words
      const memory = await funes.memories.add({
        userId: 'u',
        content: `${first}${labelled ? ':' : ''} ${others.join(' ')}${asks ? '?' : ''}`,
        language: 'simple',
        embedding: vector,
        sessionId: `s${i % 2}`,
        // Turns of one instant stand in the order of their ids.
        createdAt: new Date(1_700_000_000_000 + Math.floor(i / 6) * 1000),
      })
      docs.push({ id: memory.id, content: memory.content, session: i % 2, words, labelled, asks, vector })
    }
    await funes.memories.add({
      userId: 'v',
      content: WORDS.join(' '),
      embedding: randomVector(next),
      language: 'simple',
    })
  })

  function expectSame(hits: readonly MemoryHit[], expected: readonly { id: string; score: number }[]) {
    const scores = new Map(expected.map(({ id, score }) => [id, score]))
    for (const [i, hit] of hits.entries()) {
      expect(hit.memory.userId).toBe('u')
      expect(hit.score).toBeCloseTo(expected[i]?.score as number, 4)
      expect(hit.score).toBeCloseTo(scores.get(hit.memory.id) as number, 4)
    }
  }

  const question = fc.array(fc.constantFrom(...WORDS, 'unheard'), { minLength: 1, maxLength: 4 })

  it('finds by the index of words, for everyone, what it finds by reading the memories of one user', async () => {
    const { funes } = db()
    const filter = { ids: docs.map(({ id }) => id) }
    const vector = docs[0]?.vector as Float32Array
    for (const more of [{ mode: 'text' }, { embedding: vector }] as const) {
      for (const text of [
        'amber heron',
        'delta "amber basil"',
        'ember or iris -jade',
        'kelp lotus cedar fjord grove',
      ]) {
        const search = { ...more, text, filter, language: 'simple', k: 20 } as const
        const own = await funes.memories.search({ ...search, userId: 'u' })
        const all = await funes.memories.search({ ...search, scope: 'all-users' })
        const parts = (hits: readonly MemoryHit[]) =>
          hits.map(({ memory, score }) => [memory.id, score.toFixed(6)])
        expect(own.length).toBeGreaterThan(0)
        expect(parts(all)).toEqual(parts(own))
      }
    }
  })

  it('is words and distance, normalised and summed, as in TypeScript; neighbours lend as they should', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        question,
        fc.integer(),
        fc.constantFrom(0, 0.5, 1),
        fc.constantFrom(0, 0.3, 0.6),
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
          expectSame(hits, hybridScores(docs, words, { vector: embedding, weights, lend }))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('finds by words alone without an embedder, rarest words first', async () => {
    const { funes } = db()
    const hits = await funes.memories.search({ userId: 'u', text: 'amber lotus', k: 60, language: 'simple' })
    const found = hybridScores(docs, ['amber', 'lotus'], { weights: { vector: 0, text: 1 }, lend: 0 }).filter(
      ({ score }) => score > 0,
    )
    expect(hits.map((hit) => hit.memory.id).sort()).toEqual(found.map(({ id }) => id).sort())
    expectSame(hits, found)
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
    const those = (keep: (words: string) => boolean) =>
      docs
        .filter(({ words }) => keep(words.join(' ')))
        .map(({ content }) => content)
        .sort()
    expect((await find('amber -basil')).sort()).toEqual(those((words) => !words.includes('basil')))
    expect((await find('"amber basil"')).sort()).toEqual(those((words) => words.includes('amber basil')))
    expect((await find('"amber basil" or "cedar amber"')).sort()).toEqual(
      those((words) => words.includes('amber basil') || words.includes('cedar amber')),
    )
  })

  it('knows who speaks, and that a question tells little', async () => {
    const { funes } = db()
    const say = (content: string) => funes.memories.add({ userId: 'w', content, embedding: null })
    for (const content of [
      'Ada: I moved to Lisbon, Bo',
      'Bo: I moved to Lisbon, Ada',
      'Bo: have you moved to Lisbon?',
      'Bo: you have moved to Lisbon.',
    ])
      await say(content)
    const search = async (text: string) =>
      (await funes.memories.search({ userId: 'w', text })).map((hit) => hit.memory.content)
    expect((await search('when did Ada move to Lisbon'))[0]).toBe('Ada: I moved to Lisbon, Bo')
    const bo = await search('where did Bo move')
    expect(bo.indexOf('Bo: you have moved to Lisbon.')).toBeLessThan(
      bo.indexOf('Bo: have you moved to Lisbon?'),
    )
  })

  it('lends between neighbours of one session only', async () => {
    const { funes } = db()
    await funes.sessions.start({ userId: 'x', id: 'a' })
    await funes.sessions.start({ userId: 'x', id: 'b' })
    const at = (second: number) => new Date(1_700_000_000_000 + second * 1000)
    const say = (content: string, second: number, sessionId?: string) =>
      funes.memories.add({
        ...{ userId: 'x', content, embedding: null, createdAt: at(second) },
        ...(sessionId && { sessionId }),
      })
    await say('the violin broke', 1, 'a')
    await say('so it went to a shop', 2, 'a')
    await say('somebody else speaks', 3, 'b')
    await say('a violin without a session', 4)
    await say('and what came after it', 5)
    const hits = await funes.memories.search({ userId: 'x', text: 'violin', context: {} })
    expect(hits.map((hit) => hit.memory.content).sort()).toEqual([
      'a violin without a session',
      'so it went to a shop',
      'the violin broke',
    ])
    const lent = hits.find((hit) => hit.memory.content === 'so it went to a shop')
    expect(lent?.parts).toMatchObject({ vector: 0, text: 0 })
    expect(lent?.parts?.neighbour).toBeCloseTo(lent?.score as number, 9)
    const own = await funes.memories.search({ userId: 'x', text: 'violin' })
    expect(own).toHaveLength(2)
  })

  it('fuses by reciprocal rank as in TypeScript, what neighbours lend among it', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        question,
        fc.integer(),
        fc.constantFrom(0, 0.3, 0.5, 1),
        fc.constantFrom(0, 0.6),
        async (words, seed, share, lend) => {
          const embedding = randomVector(random(seed))
          const weights = { vector: share, text: 1 - share }
          const hits = await funes.memories.search({
            ...{
              userId: 'u',
              text: words.join(' '),
              embedding,
              k: 60,
              weights,
              fusion: 'rank',
              language: 'simple',
            },
            ...(lend > 0 && { context: { lend } }),
          })
          const scores = rankScores(docs, words, { vector: embedding, weights, lend, constant: 10 })
          expect(hits).toHaveLength(60)
          for (const { memory, score, parts } of hits) {
            const { least, most } = scores.get(memory.id) as { least: number; most: number }
            expect(score).toBeGreaterThan(least - 1e-9)
            expect(score).toBeLessThan(most + 1e-9)
            expect((parts?.vector ?? 0) + (parts?.text ?? 0)).toBeCloseTo(score, 9)
          }
          const order = hits.map(({ score }) => score)
          expect(order).toEqual([...order].sort((x, y) => y - x))
        },
      ),
      { numRuns: 30 },
    )
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
    expect(hit?.memory.id).toBe(target.id)
    expect(hit?.context?.before.map((m) => m.id)).toEqual([16, 18].map((i) => docs[i]?.id))
    expect(hit?.context?.after.map((m) => m.id)).toEqual([docs[22]?.id])
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
    for (const text of ODD_TEXTS) {
      await funes.memories.add({ userId: 'h', content: text, embedding: randomVector(next) })
      await funes.memories.search({ userId: 'h', text, embedding: randomVector(next) })
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), async (text) => {
        if (text.includes('\u0000')) return
        const error = await funes.memories.search({ userId: 'h', text }).then(
          () => null,
          (e: unknown) => e,
        )
        if (error === null) return
        expect(error).toMatchObject({
          code: 'INPUT.INVALID',
          message: 'text: says only what is to be left out.',
        })
        expect(text).toMatch(/-/)
      }),
      { numRuns: 60, examples: [['-A'], ['-"'], ['- A']] },
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
