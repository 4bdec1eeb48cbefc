import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
    ['empty content', { ...turn, content: '  ' }, 'DATASET.LINE_INVALID'],
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
    ['evidence that does not exist', { ...question, evidence: ['t1', 't9'] }, 'DATASET.UNKNOWN_EVIDENCE'],
    ['evidence of another user', { ...question, userId: 'v' }, 'DATASET.UNKNOWN_EVIDENCE'],
    ['no evidence', { ...question, evidence: [] }, 'DATASET.LINE_INVALID'],
    ['a vector of its own', { ...question, embedding: [1, 2] }, 'DATASET.EMBEDDINGS_DIFFER'],
  ])('is refused with the question that has %s', async (_, line, code) => {
    await expect(read([turn], [question, line])).rejects.toMatchObject({ code, line: 2 })
  })
})
