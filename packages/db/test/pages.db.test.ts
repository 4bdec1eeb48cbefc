import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import type { Memory, MemoryHit, SearchMemories } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { cosineDistance, random, randomVector } from './vectors.js'

interface Known {
  memory: Memory
  vector: Float32Array
}

onEveryEngine('pages of a search, and a least score', (db) => {
  const stored: Known[] = []
  const next = random(41)

  beforeAll(async () => {
    const { funes } = db()
    const few = Array.from({ length: 20 }, () => randomVector(next))
    for (let i = 0; i < 80; i++) {
      // Each vector several times: pages must part what is equally near. Two users share ids, too.
      const vector = few[i % few.length] as Float32Array
      const userId = i % 2 === 0 ? 'a' : 'b'
      const id = i % 8 === 1 ? (stored[i - 1] as Known).memory.id : undefined
      const content = `apple ${i % 3 === 0 ? 'pear ' : ''}${i}`
      const memory = await funes.memories.add({
        userId,
        content,
        embedding: vector,
        ...(id !== undefined && { id }),
      })
      stored.push({ memory, vector })
    }
  })

  function oracle(query: Float32Array, keep: (m: Memory) => boolean) {
    const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
    return stored
      .filter(({ memory }) => keep(memory))
      .map(({ memory, vector }) => ({ memory, distance: cosineDistance(query, vector) }))
      .sort(
        (a, b) =>
          (Math.abs(a.distance - b.distance) < 1e-9 ? 0 : a.distance - b.distance) ||
          compare(a.memory.id, b.memory.id) ||
          compare(a.memory.userId, b.memory.userId),
      )
      .map(({ memory }) => `${memory.userId} ${memory.id}`)
  }

  async function pages(search: SearchMemories, size: () => number, between = async (_last: string) => {}) {
    const all: MemoryHit[] = []
    let after: string | null = null
    for (;;) {
      const hits: MemoryHit[] = await db().funes.memories.search({ ...search, k: size(), after })
      if (hits.length === 0) return all
      all.push(...hits)
      const last = hits.at(-1) as MemoryHit
      after = last.cursor as string
      await between(last.memory.id)
    }
  }

  it('gives every memory once, in the order of a full comparison, whatever the size of the pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('a', undefined),
        fc.boolean(),
        async (seed, sizes, userId, filtered) => {
          const query = randomVector(random(seed))
          const owner = userId === undefined ? { scope: 'all-users' as const } : { userId }
          const filter = filtered ? { ids: stored.slice(10, 60).map(({ memory }) => memory.id) } : undefined
          const search = { ...owner, embedding: query, accuracy: 'exact' as const, ...(filter && { filter }) }
          let page = 0
          const hits = await pages(search, () => sizes[page++ % sizes.length] as number)
          expect(hits.map(({ memory }) => `${memory.userId} ${memory.id}`)).toEqual(
            oracle(
              query,
              (m) => (userId === undefined || m.userId === userId) && (!filter || filter.ids.includes(m.id)),
            ),
          )
        },
      ),
      { numRuns: 25 },
    )
  })

  it('is not shifted by what is stored and deleted in between', async () => {
    const { funes } = db()
    const query = randomVector(random(77))
    const mine: string[] = []
    for (let i = 0; i < 12; i++) {
      const { id } = await funes.memories.add({
        userId: 'w',
        content: `w${i}`,
        embedding: randomVector(next),
      })
      mine.push(id)
    }
    const search = { userId: 'w', embedding: query, accuracy: 'exact' } as const
    const hits = await pages(
      search,
      () => 3,
      async (last) => {
        await funes.memories.delete({ userId: 'w', id: last })
        await funes.memories.add({ userId: 'w', content: `before ${last}`, embedding: query })
      },
    )
    expect(hits.map((hit) => hit.memory.id).sort()).toEqual(mine.sort())
  })

  it('refuses pages where the order may change, and says what to do', async () => {
    const { funes } = db()
    const base = { userId: 'a', embedding: randomVector(next), after: null }
    for (const search of [
      { ...base },
      { ...base, accuracy: 'high' },
      { ...base, accuracy: 'exact', ranking: {} },
      { ...base, accuracy: 'exact', diversity: { lambda: 0.5 } },
      { ...base, accuracy: 'exact', text: 'apple' },
      { userId: 'a', text: 'apple', mode: 'text', accuracy: 'exact', after: null },
    ]) {
      const refused = funes.memories.search(search as never)
      await expect(refused).rejects.toMatchObject({
        code: 'INPUT.INVALID',
        meta: { path: 'after' },
        fix: expect.stringContaining("accuracy: 'exact'"),
      })
    }
  })

  it('refuses a cursor that is broken, forged, or of another search', async () => {
    const { funes } = db()
    const search = { userId: 'a', embedding: randomVector(next), accuracy: 'exact', k: 2 } as const
    const cursor = (await funes.memories.search({ ...search, after: null })).at(-1)?.cursor as string
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]
    const [digest] = parts
    /** The cursor with one of its parts exchanged. */
    const edited = (place: number, part: unknown) =>
      Buffer.from(JSON.stringify(parts.with(place, part as string))).toString('base64url')
    const forged = (...rest: unknown[]) =>
      Buffer.from(JSON.stringify([digest, ...rest])).toString('base64url')
    const id = '00000000-0000-7000-8000-000000000000'
    const wrong = [
      { after: '' },
      { after: 'x' },
      { after: forged() },
      { after: forged('0', "'", 'a') },
      { after: forged('x', id, 'a') },
      { after: forged('0', id, '\u0000') },
      ...['0x1', '0.5; drop', '0.5', '-Infinity', ' 1'].map((distance) => ({ after: edited(1, distance) })),
      { after: edited(2, id) },
      { after: edited(3, 'b') },
      { after: edited(4, '') },
      { after: `${cursor}!` },
      { after: forged(...parts.slice(1, 4)) },
      { after: cursor, embedding: randomVector(next) },
      { after: cursor, userId: 'b' },
      { after: cursor, filter: { source: 'chat' } },
    ]
    for (const change of wrong) {
      await expect(funes.memories.search({ ...search, ...change } as never)).rejects.toMatchObject({
        code: 'INPUT.INVALID',
        meta: { path: 'after' },
      })
    }
  })

  it('leaves out exactly the hits under a least score, in every kind of search', async () => {
    const { funes } = db()
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom('vector' as const, 'text' as const, 'hybrid' as const),
        fc.constantFrom({}, { ranking: { at: new Date(0) } }, { context: { lend: 0.3, before: 1 } }),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (seed, mode, more, k, share) => {
          const search = {
            userId: 'a',
            text: 'apple pear',
            embedding: randomVector(random(seed)),
            mode,
            k,
            ...more,
          }
          const all = await funes.memories.search(search)
          const scores = all.map((hit) => hit.score)
          const minScore = Math.min(...scores) + share * (Math.max(...scores) - Math.min(...scores))
          const hits = await funes.memories.search({ ...search, minScore })
          expect(hits).toEqual(all.filter((hit) => hit.score >= minScore))
          expect(await funes.memories.search({ ...search, minScore: 1e9 })).toEqual([])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('chooses for diversity only among hits of at least that score', async () => {
    const { funes } = db()
    const search = { userId: 'a', embedding: (stored[0] as Known).vector, k: 40 }
    const all = await funes.memories.search(search)
    const minScore = all[9]?.score as number
    const good = all.filter((hit) => hit.score >= minScore).map((hit) => hit.memory.id)
    const diverse = { ...search, minScore, diversity: { lambda: 0 } }
    const hits = await funes.memories.search(diverse)
    expect(hits.map((hit) => hit.memory.id).sort()).toEqual(good.sort())
    const few = await funes.memories.search({ ...diverse, k: 5 })
    expect(few).toHaveLength(5)
    expect(few.every((hit) => good.includes(hit.memory.id))).toBe(true)
    await expect(funes.memories.search({ ...search, minScore: Number.NaN })).rejects.toMatchObject({
      code: 'INPUT.INVALID',
    })
  })
})
