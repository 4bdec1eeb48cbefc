import { beforeAll, expect, it } from 'vitest'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const SAYINGS = [
  'to be or not to be, that is the question',
  'tea without milk',
  'tea with milk',
  'he eats fish at five',
  'five fish and a cat',
  'was it -5 in the 5 rooms',
  'red cars race',
]

onEveryEngine('words of a question', (db) => {
  const next = random(23)
  const question = randomVector(next)

  beforeAll(async () => {
    const { funes } = db()
    for (const content of SAYINGS)
      await funes.memories.add({ userId: 'q', content, embedding: randomVector(next) })
    await funes.memories.add({ userId: 'q', content: 'Would you like tea?', embedding: question })
    await funes.memories.add({ userId: 'q', content: 'no vector, but tea', embedding: null })
    const aside = question.map((x) => x + 0.3 * (2 * next() - 1))
    await funes.memories.add({ userId: 'q', content: 'I would like some', embedding: aside })
    const far = question.map((x) => -x)
    const beside = (vector: Float32Array) =>
      vector.map((x, i) => x + 0.01 * (randomVector(next)[i] as number))
    await funes.memories.addMany(
      Array.from({ length: 300 }, (_, i) => [
        { userId: 'n', content: `what noise ${i}`, embedding: beside(question) },
        { userId: 'n', content: `something ${i}`, embedding: beside(far) },
      ]).flat(),
    )
  })

  const find = async (text: string, options: object = {}, userId = 'q') => {
    const hits = await db().funes.memories.search({ userId, text, k: 20, ...options })
    return hits.map((hit) => hit.memory.content)
  }

  it.each(['what -noise', 'what -"noise"', '"something" what'])(
    'finds k rows for %j when the nearest are all ruled out',
    async (text) => {
      for (const accuracy of ['fast', 'high', 'exact']) {
        const found = await find(text, { embedding: question, accuracy }, 'n')
        expect(found).toHaveLength(20)
        expect(found.filter((content) => content.includes('noise'))).toEqual([])
      }
    },
  )

  it.each([
    ['"to be or not to be"', [SAYINGS[0]]],
    ['"the"', [SAYINGS[0], SAYINGS[5]]],
    ['"tea with milk"', [SAYINGS[2]]],
    ['"at five"', [SAYINGS[3]]],
    ['"to be" or "at five"', [SAYINGS[0], SAYINGS[3]]],
    ['"the" "to be"', [SAYINGS[0]]],
    ['"red cars"', [SAYINGS[6]]],
    ['"red car"', []],
    ['milk -"tea with milk"', [SAYINGS[1]]],
    ['race -car', []],
    ['-5 rooms', [SAYINGS[5]]],
  ])('reads the quotes of %s word for word', async (text, expected) => {
    expect((await find(text, { mode: 'text' })).sort()).toEqual(expected.sort())
    // By meaning more is found, but nothing that the quotes rule out.
    if (text.startsWith('"'))
      expect((await find(text, { embedding: question })).sort()).toEqual(expected.sort())
  })

  it('ranks as by meaning when words weigh nothing, and as by words when meaning does', async () => {
    const text = 'tea with milk and fish'
    const embedding = question
    for (const fusion of ['score', 'rank']) {
      const meant = await find(text, { embedding, fusion, weights: { vector: 1, text: 0 } })
      expect(meant).toEqual(await find(text, { embedding, mode: 'vector' }))
      expect(meant.slice(0, 2)).toEqual(['Would you like tea?', 'I would like some'])
      const said = await find(text, { embedding, fusion, weights: { vector: 0, text: 1 } })
      const byWords = await find(text, { mode: 'text', fusion })
      expect(said.slice(0, byWords.length)).toEqual(byWords)
    }
  })

  it('takes the end of the weights for what it is at any accuracy and length', async () => {
    for (const k of [1, 5, 100]) {
      const options = { embedding: question, k }
      expect(await find('noise something', { ...options, weights: { vector: 1, text: 0 } }, 'n')).toEqual(
        await find('noise something', { ...options, mode: 'vector' }, 'n'),
      )
    }
  })

  it('refuses weights that leave nothing to rank by', async () => {
    const search = find('tea', { embedding: question, weights: { vector: 0, text: 0 } })
    await expect(search).rejects.toMatchObject({ code: 'INPUT.INVALID', meta: { path: 'weights' } })
  })
})
