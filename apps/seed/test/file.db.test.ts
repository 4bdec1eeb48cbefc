import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVectorSource } from '@funes/corpus/synthetic'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileDataset } from '../src/datasets/file.js'
import { engines, withDatabase } from './engines.js'
import { runSeed, wrongChecks } from './run.js'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'funes-seed-'))
})
afterAll(() => rm(dir, { recursive: true }))

const vectors = createVectorSource({ seed: 9, dimensions: 16 })
const records = Array.from({ length: 250 }, (_, i) => ({
  author: `author-${i % 7}`,
  body: `note ${i}, "quoted"`,
  sessionId: i % 2 === 0 ? `book-${i % 5}` : undefined,
  embedding: [...vectors.at(i)],
  page: i,
}))

async function fileOf(name: string, content: string, map?: string) {
  const path = join(dir, name)
  await writeFile(path, content)
  return fileDataset({ path, map, memories: undefined, cacheDir: join(dir, 'cache') })
}

const jsonl = records.map((record) => JSON.stringify(record)).join('\n')
const quoted = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`
const csv = [
  'author,body,sessionId,embedding,page',
  ...records.map((r) =>
    [r.author, r.body, r.sessionId, JSON.stringify(r.embedding), r.page].map(quoted).join(),
  ),
].join('\r\n')

describe.each(engines)('a file (%s)', (engine) => {
  it.each([
    ['notes.jsonl', jsonl],
    ['notes.csv', csv],
  ])('is stored whole and found again: %s', (name, content) =>
    withDatabase(engine, async (database) => {
      const dataset = await fileOf(name, content, 'userId=author,content=body')
      const report = await runSeed(database, dataset)
      expect(wrongChecks(report)).toEqual([])
      expect(report.checks.map((check) => check.name)).toContain('all users, blends of stored vectors')
      const { rows } = await database.pool.query(
        `select user_id, content, session_id, metadata from memories where content like 'note 249,%'`,
      )
      expect(rows).toEqual([
        {
          user_id: 'author-4',
          content: 'note 249, "quoted"',
          session_id: null,
          metadata: { page: name.endsWith('csv') ? '249' : 249 },
        },
      ])
    }),
  )

  it('without embeddings goes through the sentence encoder', () =>
    withDatabase(engine, async (database) => {
      const texts = ['I drink tea.', 'The war is over.', 'Taxes shall be lower.']
      const dataset = await fileOf(
        'texts.jsonl',
        texts.map((content) => JSON.stringify({ userId: 'ada', content })).join('\n'),
      )
      try {
        expect(dataset.dimensions).toBe(512)
        expect(wrongChecks(await runSeed(database, dataset))).toEqual([])
      } finally {
        await dataset.close()
      }
    }))
})

describe('a file that cannot be used', () => {
  it.each([
    ['has an error on its last line', `${jsonl}\n{"author": "x"}`, ':251:'],
    [
      'has embeddings on some lines only',
      `{"userId":"a","content":"x"}\n{"userId":"a","content":"y","embedding":[1]}`,
      ':2: has an embedding',
    ],
    [
      'has an id twice',
      '{"userId":"a","content":"x","id":"00000000-0000-7000-8000-000000000001"}\n'.repeat(2),
      ':2: repeats an id',
    ],
    ['has nothing in it', '\n\n', 'has no records'],
  ])('is refused before anything is stored when it %s', async (_, content, problem) => {
    const map = content.includes('author') ? 'userId=author,content=body' : undefined
    await expect(fileOf('bad.jsonl', content, map)).rejects.toThrow(problem)
  })

  it('is named when it does not exist', async () => {
    const settings = { path: join(dir, 'nowhere.jsonl'), map: undefined, memories: undefined, cacheDir: dir }
    await expect(fileDataset(settings)).rejects.toMatchObject({ code: 'SEED.REFUSED' })
  })
})
