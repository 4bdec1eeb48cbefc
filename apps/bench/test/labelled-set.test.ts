import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countOddities, odditiesInWords } from '../src/retrieval/oddity.js'
import { plainWords } from '../src/retrieval/plain-words.js'
import { readDate } from '../src/retrieval/read-date.js'
import { readLabelledSet } from '../src/retrieval/read-labelled-set.js'

const turn = {
  userId: 'u',
  sessionId: 's',
  id: 't1',
  content: 'Ada: hello',
  createdAt: '2024-05-08T13:56:00Z',
}
const question = { userId: 'u', text: 'who says hello?', evidence: ['t1'] }

describe('a labelled set in two files', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'labelled-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function read(turns: readonly unknown[], questions: readonly unknown[] = [question]) {
    const write = (name: string, lines: readonly unknown[]) => {
      const path = join(folder, name)
      writeFileSync(
        path,
        lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
      )
      return path
    }
    return readLabelledSet(write('turns.jsonl', turns), write('questions.jsonl', questions))
  }

  it('is read with or without vectors, whatever other fields there are', async () => {
    const set = await read([
      { ...turn, speaker: 'Ada' },
      { ...turn, id: 2, sessionId: null, createdAt: 1e12 },
    ])
    expect(set.turns.map(({ id, sessionId, embedding }) => [id, sessionId, embedding])).toEqual([
      ['t1', 's', null],
      ['2', null, null],
    ])
    const embedded = await read([{ ...turn, embedding: [1, 0.5] }], [{ ...question, embedding: [0, 1] }])
    expect(embedded.turns[0]?.embedding).toEqual(Float32Array.of(1, 0.5))
  })

  it('may use an id twice for different users', async () => {
    const set = await read([turn, { ...turn, userId: 'v' }], [question, { ...question, userId: 'v' }])
    expect(set.questions).toHaveLength(2)
  })

  it.each([
    ['text that is no JSON', '{"userId":', 'FILE.INVALID'],
    ['a missing field', { ...turn, content: undefined }, 'DATASET.LINE_INVALID'],
    ['a date that is none', { ...turn, createdAt: 'yesterday' }, 'DATASET.LINE_INVALID'],
    ['a vector of zeros', { ...turn, embedding: [0, 0] }, 'DATASET.LINE_INVALID'],
    [
      'a vector where the first turn has none',
      { ...turn, id: 't2', embedding: [1] },
      'DATASET.EMBEDDINGS_DIFFER',
    ],
    ['an id that came before', turn, 'DATASET.DUPLICATE_ID'],
  ])('is refused with the line that has %s', async (_, line, code) => {
    await expect(read([turn, line])).rejects.toMatchObject({ code, line: 2 })
  })

  it.each([
    ['a vector of its own', { ...question, embedding: [1, 2] }, 'DATASET.EMBEDDINGS_DIFFER'],
    ['evidence that is no id', { ...question, evidence: [{}] }, 'DATASET.LINE_INVALID'],
    ['no text at all', { ...question, text: undefined }, 'DATASET.LINE_INVALID'],
  ])('is refused with the question that has %s', async (_, line, code) => {
    await expect(read([turn], [question, line])).rejects.toMatchObject({ code, line: 2 })
  })

  it('leaves out what has no text and questions without evidence, and says which', async () => {
    const { evidence, ...without } = question
    const set = await read(
      [turn, { ...turn, content: ' \u0000', embedding: [0] }, { ...turn, content: null, createdAt: '?' }],
      [
        question,
        without,
        { ...question, evidence: [] },
        { ...question, evidence: null },
        { ...question, text: ' ' },
      ],
    )
    expect([set.turns.length, set.questions.length]).toEqual([1, 1])
    expect(countOddities(set.oddities)).toEqual({
      ...{ turnsWithoutText: 2, questionsWithoutText: 1, questionsWithoutEvidence: 3 },
      ...{ missingEvidence: 0, cutTexts: 0 },
    })
    expect(odditiesInWords(set.oddities)).toContain(
      'questions.jsonl: 3 questions without evidence, left out (line 2, 3, 4)',
    )
  })

  it('keeps evidence that is not among the turns of its user as not found', async () => {
    const odd = [
      { ...question, evidence: ['t9', 't1', '', null, 't1'] },
      { ...question, userId: 'v' },
    ]
    const set = await read([turn], [{ ...question, evidence: 't1' }, ...odd])
    expect(set.questions.map((one) => one.evidence)).toEqual([['t1'], ['t9', 't1'], ['t1']])
    expect(countOddities(set.oddities).missingEvidence).toBe(2)
  })

  it.each([
    ['turns', [{ ...turn, content: '' }], [question], 'DATASET.EMPTY'],
    ['questions', [turn], [{ ...question, evidence: [] }], 'DATASET.EMPTY'],
    ['evidence', [turn], [{ ...question, evidence: ['D1:1'] }], 'DATASET.UNKNOWN_EVIDENCE'],
  ])('is refused as a whole where no %s are left', async (_, turns, questions, code) => {
    await expect(read(turns, questions)).rejects.toMatchObject({ code, line: null })
  })

  it('cuts what is too long, and brings vectors to a size that every index holds', async () => {
    const long = [{ ...turn, content: 'a'.repeat(100_001), embedding: [3e60, 4e60] }]
    const set = await read(long, [{ ...question, text: `${'b'.repeat(19_999)}😀`, embedding: [3e-9, 4e-9] }])
    expect(set.turns[0]?.content).toHaveLength(100_000)
    expect(set.questions[0]?.text).toHaveLength(20_000)
    expect(set.questions[0]?.text.isWellFormed()).toBe(true)
    expect(set.turns[0]?.embedding).toEqual(Float32Array.of(0.6, 0.8))
    expect(set.questions[0]?.embedding).toEqual(Float32Array.of(0.6, 0.8))
    expect(countOddities(set.oddities).cutTexts).toBe(2)
  })
})

describe('dates of a labelled set', () => {
  it.each([
    ['2024-05-08T13:56:00Z', '2024-05-08T13:56:00.000Z'],
    ['2024-05-08T13:56:00', '2024-05-08T13:56:00.000Z'],
    ['2024-05-08 13:56', '2024-05-08T13:56:00.000Z'],
    ['2024-05-08T13:56:00.123456+02:00', '2024-05-08T11:56:00.123Z'],
    ['2024-05-08T13:56:00,5 -0530', '2024-05-08T19:26:00.500Z'],
    ['20240508T135600+02', '2024-05-08T11:56:00.000Z'],
    ['2024-05-08T13:56:00+02:00[Europe/Berlin]', '2024-05-08T11:56:00.000Z'],
    ['2024-05-08', '2024-05-08T00:00:00.000Z'],
    ['20240508', '2024-05-08T00:00:00.000Z'],
    ['2024-05', '2024-05-01T00:00:00.000Z'],
    ['2024', '2024-01-01T00:00:00.000Z'],
    ['2024-129', '2024-05-08T00:00:00.000Z'],
    ['2024-W19-3', '2024-05-08T00:00:00.000Z'],
    ['2020-W53-7T12', '2021-01-03T12:00:00.000Z'],
    ['2023-12-31T24:00:00Z', '2024-01-01T00:00:00.000Z'],
    [1_715_176_560_000, '2024-05-08T13:56:00.000Z'],
    ['1715176560000', '2024-05-08T13:56:00.000Z'],
    [1_715_176_560, '2024-05-08T13:56:00.000Z'],
  ])('%s is %s', (written, meant) => {
    expect(readDate(written)?.toISOString()).toBe(meant)
  })

  it.each([
    '',
    '2024-02-30',
    '2024-13-01',
    '2024-05-08T25:00',
    '2023-366',
    '8 May 2024',
    'yesterday',
    null,
    {},
    1e300,
  ])('%s is none', (written) => expect(readDate(written)).toBeUndefined())
})

describe('the text of a question', () => {
  it.each([
    ['who says hello?', 'who says hello?'],
    ['-tea', 'tea'],
    ['tea −milk --sugar', 'tea  milk  sugar'],
    ["Who wrote “Becoming Nicole” -'no'?", "Who wrote  Becoming Nicole   'no'?"],
    ['at -5 or -2.5% in a well-known place', 'at -5 or -2.5% in a well-known place'],
    ['"" -', '?'],
  ])('%s is asked without operators', (text, asked) => {
    expect(plainWords(text)).toBe(asked)
  })
})
