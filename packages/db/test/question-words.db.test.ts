import { beforeAll, expect, it } from 'vitest'
import { readQueryText } from '../src/memories/query-text.js'
import { compile, sql, statement } from '../src/sql/statement.js'
import { sampledRows } from '../src/sql/text-sample.js'
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
    ['"red cars" or question', [SAYINGS[0], SAYINGS[6]]],
    ['cats or "red cars"', [SAYINGS[4], SAYINGS[6]]],
    ['"at five" or the', [SAYINGS[0], SAYINGS[3], SAYINGS[5]]],
    ['“tea with milk”', [SAYINGS[2]]],
    ['(«at five»)', [SAYINGS[3]]],
    ['question rooms race -the', [SAYINGS[6]]],
  ])('reads the quotes of %s word for word', async (text, expected) => {
    expect((await find(text, { mode: 'text' })).sort()).toEqual(expected.sort())
    // By meaning more is found, but nothing that the quotes rule out.
    if (/^["“(]|^cats/.test(text))
      expect((await find(text, { embedding: question })).sort()).toEqual(expected.sort())
  })

  it('reads phrases and excluded words in the language of each memory, whatever the language of the question', async () => {
    const { funes } = db()
    for (const [content, language] of [
      ['sie sah schöne Häuser am Fluss', 'german'],
      ['ein schönes Haus am Fluss', 'german'],
      ['the German says schöne Häuser', 'english'],
      ['am Ende die Stadt', 'german'],
    ] as const)
      await funes.memories.add({ userId: 'de', content, language, embedding: null })
    const texts = (text: string, language?: string) => find(text, { ...(language && { language }) }, 'de')
    for (const language of [undefined, 'german', 'simple']) {
      expect((await texts('"schöne Häuser"', language)).sort()).toEqual([
        'sie sah schöne Häuser am Fluss',
        'the German says schöne Häuser',
      ])
      expect(await texts('fluss -"schöne Häuser"', language)).toEqual(['ein schönes Haus am Fluss'])
      // Stop words of one language are words of another.
      expect(await texts('"die"', language)).toEqual(['am Ende die Stadt'])
    }
    // The memory of another language knows its own forms of the word.
    expect(await texts('fluss -haus')).toEqual([])
  })

  it('finds k rows by words whenever k have any of them, those with all of them first', async () => {
    const { funes } = db()
    await funes.memories.load(
      Array.from({ length: 5300 }, (_, i) => ({
        userId: 'many',
        content: `Caroline ${i % 60 === 0 ? 'and Melanie' : 'alone'} ${i === 31 ? 'violin' : 'spoke'} ${i}`,
        embedding: null,
      })),
    )
    const one = await find('violin Caroline', { k: 10, mode: 'text' }, 'many')
    expect(one).toHaveLength(10)
    expect(one[0]).toContain('violin')
    const without = await find('violin Caroline -violin', { k: 10, mode: 'text' }, 'many')
    expect(without).toHaveLength(10)
    expect(without.filter((content) => content.includes('violin'))).toEqual([])
    const both = await find('Caroline Melanie spoke', { k: 50, mode: 'text' }, 'many')
    expect(both).toHaveLength(50)
    expect(both.filter((content) => !content.includes('Melanie'))).toEqual([])
    // Of more than can be scored, 5,000 of 5,211, the newest: not whichever the table has first.
    const newest = (await find('alone', { k: 5, mode: 'text' }, 'many')).map((content) =>
      Number(content.split(' ').at(-1)),
    )
    expect(Math.min(...newest)).toBeGreaterThan(200)
  })

  it('knows from a few rows of a user how many there are and how many have a word, whatever others have', async () => {
    const rows = sql`m.user_id = 'n'`
    const search = { query: readQueryText('something'), language: 'english', rows, userId: 'n' }
    const sampled = sampledRows(
      { ...search, isFiltered: false, limit: 10, atLeast: 10, lends: false },
      sql`false`,
    )
    const counted = sql`with ${sampled}
      select n, n / share as rows, (select count(*) / share from sample where search @@ to_tsquery('noise')) as noises
      from sampled`
    const { text, values } = compile(statement(counted))
    const [row] = (await db().pool.query(text, values)).rows
    expect(Number(row.n)).toBeGreaterThan(400)
    expect(Math.abs(row.rows / 600 - 1)).toBeLessThan(0.1)
    expect(Math.abs(row.noises / 300 - 1)).toBeLessThan(0.2)
  })

  it('asks the embedder for what is wanted, not for what is ruled out', async () => {
    const asked: string[] = []
    const { funes, open } = db()
    const [model] = await funes.models.list()
    const embedder = {
      model: model?.name as string,
      dimensions: 384,
      embed: async (texts: readonly string[]) => {
        asked.push(...texts)
        return texts.map(() => question)
      },
    }
    const other = await open({ embedder })
    const search = (text: string, mode?: 'vector') =>
      other.memories.search({ userId: 'q', text, ...(mode && { mode }) })
    await search('tea -milk -"at five"')
    await search('"fish at five" or cat')
    await search('tea  without\noperators')
    await search('tea -milk', 'vector')
    expect(asked).toEqual(['tea', 'fish at five or cat', 'tea  without\noperators', 'tea -milk'])
    for (const options of [{ text: '-milk' }, { text: '-"at five" -tea', mode: 'text' as const }]) {
      await expect(other.memories.search({ userId: 'q', ...options })).rejects.toMatchObject({
        code: 'INPUT.INVALID',
        meta: { path: 'text' },
      })
    }
    const left = await find('-tea', { embedding: question, mode: 'hybrid' })
    expect(left.length).toBeGreaterThan(0)
    expect(left.filter((content) => content.includes('tea'))).toEqual([])
    await other.close()
  })

  it('finds what pasted text says, however many quotes, dashes and words it has, and never fails at it', async () => {
    const { funes } = db()
    const times = (n: number, part: (i: number) => string) =>
      Array.from({ length: n }, (_, i) => part(i)).join(' ')
    const fields = Object.fromEntries(Array.from({ length: 160 }, (_, i) => [`field ${i}`, `fish ${i}`]))
    const pasted = [
      times(280, (i) => `"fish${i}" fish`),
      `fish ${times(280, (i) => `or "fish${i}"`)}`,
      JSON.stringify(fields, null, 1),
      JSON.stringify({ eats: 'fish', at: 'noon' }),
      `fish ${times(2500, (i) => `-w${i}`)}`,
      `"fish ${times(3000, (i) => `w${i}`)}"`,
      `fish -${times(4900, (i) => `${String.fromCharCode(97 + (i % 26))},`)
        .replaceAll(' ', '')
        .slice(0, 19_000)}`,
      `console.log("fish", "and", "chips");\nlevel=error msg="no tea" -v`,
    ]
    for (const text of pasted) {
      expect(await find(text, { mode: 'text' })).toEqual(expect.arrayContaining([SAYINGS[3], SAYINGS[4]]))
      expect(await find(text, { embedding: question })).toContain(SAYINGS[3])
    }
    await funes.transaction(async (tx) => {
      await tx.memories.search({ userId: 'q', text: pasted[0] as string, mode: 'text' })
      await tx.memories.add({ userId: 'kept', content: 'kept', embedding: null })
    })
    expect(await funes.memories.count({ userId: 'kept' })).toBe(1)
  })

  it('looks up the first hundred different words of a text', async () => {
    await db().funes.memories.add({ userId: 'first', content: 'the violin', embedding: null })
    const others = (n: number) => Array.from({ length: n }, (_, i) => `other${i}`).join(' ')
    expect(await find(`${others(99)} violin`, {}, 'first')).toHaveLength(1)
    expect(await find(`${others(99)} ${others(99)} violin`, {}, 'first')).toHaveLength(1)
    expect(await find(`${others(100)} violin`, {}, 'first')).toEqual([])
  })

  it('refuses what says how words are searched where none are', async () => {
    for (const option of [{ weights: { vector: 1, text: 1 } }, { fusion: 'rank' }, { language: 'german' }]) {
      const refused = { code: 'INPUT.INVALID', meta: { path: Object.keys(option)[0] } }
      await expect(find('tea', { embedding: question, mode: 'vector', ...option })).rejects.toMatchObject(
        refused,
      )
      const search = { userId: 'q', embedding: question, ...option } as never
      await expect(db().funes.memories.search(search)).rejects.toMatchObject(refused)
    }
  })

  it('answers many questions by meaning alone, and says so where words are wanted', async () => {
    const { funes } = db()
    const wrong = [
      [[{ userId: 'q', text: 'tea' }], {}, 'EMBEDDING.REQUIRED', 'by meaning'],
      [[{ userId: 'q', text: 'tea', embedding: question }], { mode: 'text' }, 'INPUT.INVALID', 'by meaning'],
      [
        [
          { userId: 'q', text: 'tea' },
          { userId: 'q', text: '-"tea" -milk' },
        ],
        {},
        'INPUT.INVALID',
        '1.text: says only',
      ],
    ] as const
    for (const [questions, options, code, message] of wrong) {
      await expect(funes.memories.searchMany(questions, options as never)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      })
    }
    const [many] = await funes.memories.searchMany([{ userId: 'q', embedding: question }], { mode: 'vector' })
    expect(many).toEqual(await funes.memories.search({ userId: 'q', embedding: question }))
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
