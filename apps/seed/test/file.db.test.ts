import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVectorSource } from '@funes/corpus/synthetic'
import { createFunes } from '@funes/db'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileDataset } from '../src/datasets/file.js'
import { engines, withDatabase } from './engines.js'
import { createScreen, never, runSeed, wrongChecks } from './run.js'

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

const MAP = 'userId=author,content=body'

async function fileOf(name: string, content: string, map?: string, mtime?: Date) {
  const path = join(dir, name)
  await writeFile(path, content)
  if (mtime) await utimes(path, mtime, mtime)
  return fileDataset({ path, map, memories: undefined, cacheDir: join(dir, 'cache'), signal: never })
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
      const dataset = await fileOf(name, content, MAP)
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

  it('of records at the limits of what the survey lets through is stored', () =>
    withDatabase(engine, async (database) => {
      const deep = JSON.parse('['.repeat(99) + ']'.repeat(99))
      const names = Array.from({ length: 512 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7919) % 20_000)))
      const limits = [
        { userId: names.join(''), sessionId: names.slice(0, 350).join('') },
        { userId: 'ada', content: 'ab '.repeat(33_333), metadata: { deep } },
        { userId: 'ada', createdAt: '0001-01-01T00:00:00Z', sessionId: 'first' },
        { userId: 'ada', createdAt: '9999-12-31T23:59:59.999Z', sessionId: 'last' },
        { userId: 'ada', embedding: [2e-4, 1e-4] },
        { userId: 'ada', embedding: [65_504, -1e-3] },
      ]
      const records = limits.map((record) =>
        JSON.stringify({ content: 'tea', embedding: [1, 0.5], ...record }),
      )
      const report = await runSeed(database, await fileOf('limits.jsonl', records.join('\n')))
      expect(report.checks.filter(({ isRight }) => !isRight)).toEqual([])
    }))

  it('is named with the lines that could not be stored', () =>
    withDatabase(engine, async (database) => {
      const funes = await createFunes({ pool: database.pool })
      await funes.migrate()
      await funes.users.ensure({ id: 'author-6' })
      const output = createScreen()
      const dataset = await fileOf('taken.jsonl', jsonl, MAP)
      await expect(runSeed(database, dataset, { output, batchSize: 4 })).rejects.toMatchObject({
        code: 'SEED.REFUSED',
      })
      const path = join(dir, 'taken.jsonl')
      expect(output.text).toContain(`failed between ${path}:5 and ${path}:8\n`)
    }))

  it('is the same data set after touch', () =>
    withDatabase(engine, async (database) => {
      expect(wrongChecks(await runSeed(database, await fileOf('touched.jsonl', jsonl, MAP)))).toEqual([])
      const touched = await fileOf('touched.jsonl', jsonl, MAP, new Date(Date.UTC(2001, 0, 1)))
      expect(wrongChecks(await runSeed(database, touched))).toEqual([])
    }))

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
    [
      'has a text that no database can hold',
      '{"userId":"a","content":"x"}\n{"userId":"a","content":"y","mood":"\\ud83d"}',
      ':2: one of the fields that become metadata holds',
    ],
    [
      'has an embedding too long for half precision',
      '{"userId":"a","content":"x","embedding":[1e6]}',
      ':1: has an embedding whose largest component',
    ],
    [
      'has an embedding too short for half precision',
      '{"userId":"a","content":"x","embedding":[1e-9]}',
      ':1: has an embedding whose largest component',
    ],
    ['has nothing in it', '\n\n', 'has no records'],
  ])('is refused before anything is stored when it %s', async (_, content, problem) => {
    const map = content.includes('author') ? MAP : undefined
    await expect(fileOf('bad.jsonl', content, map)).rejects.toThrow(problem)
  })

  it('is named when it does not exist', async () => {
    const settings = {
      path: join(dir, 'nowhere.jsonl'),
      map: undefined,
      memories: undefined,
      cacheDir: dir,
      signal: never,
    }
    await expect(fileDataset(settings)).rejects.toMatchObject({ code: 'SEED.REFUSED' })
  })

  it('is refused when it is mapped by a field that it does not have', async () => {
    await expect(fileOf('mapped.jsonl', jsonl, `${MAP},sessionId=boook`)).rejects.toThrow('"boook"')
  })

  it('is not read on when the seed is stopped', async () => {
    await fileOf('stopped.jsonl', jsonl, MAP)
    const signal = AbortSignal.abort()
    const settings = {
      path: join(dir, 'stopped.jsonl'),
      map: MAP,
      memories: undefined,
      cacheDir: dir,
      signal,
    }
    await expect(fileDataset(settings)).rejects.toThrow('aborted')
  })
})
