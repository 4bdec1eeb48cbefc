import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCsvParser } from '../../src/files/csv-rows.js'
import { type MappingOptions, parseMapping, readMemoriesFile } from '../../src/files/index.js'
import { collect } from '../collect.js'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'funes-files-'))
})
afterAll(() => rm(dir, { recursive: true }))

async function read(name: string, content: string | Uint8Array, options: MappingOptions = {}) {
  const path = join(dir, name)
  await writeFile(path, content)
  return collect(readMemoriesFile(path, options))
}

const line = (fields: object) => JSON.stringify({ userId: 'ada', content: 'tea', ...fields })

describe('a JSONL file', () => {
  it('gives its memories, with defaults for what they leave out', async () => {
    const [first, second] = await read(
      'plain.jsonl',
      `${line({ sessionId: 's1', source: 'chat', importance: 0.9, createdAt: '2024-05-01T10:00:00Z', embedding: [1, 0.5] })}\n\n${line({ content: 'rain' })}`,
    )
    expect(first).toMatchObject({
      line: 1,
      userId: 'ada',
      content: 'tea',
      sessionId: 's1',
      source: 'chat',
      importance: 0.9,
      createdAt: new Date('2024-05-01T10:00:00Z'),
      embedding: Float32Array.of(1, 0.5),
      metadata: {},
    })
    expect(second).toMatchObject({
      line: 3,
      sessionId: null,
      source: 'document',
      importance: 0.5,
      createdAt: null,
      embedding: null,
    })
  })

  it('takes fields under the names of a mapping, and keeps the others as metadata', async () => {
    const [memory] = await read('mapped.jsonl', '{"who": 7, "body": "hello", "mood": "good"}', {
      mapping: parseMapping('userId=who, content=body'),
    })
    expect(memory).toMatchObject({ userId: '7', content: 'hello', metadata: { mood: 'good' } })
  })

  it('cuts at line feeds only', async () => {
    const memories = await read('separators.jsonl', `${line({ content: 'a\u2028b' })}\r\n${line({})}\n`)
    expect(memories.map(({ content }) => content)).toEqual(['a\u2028b', 'tea'])
  })

  it('gives a record without an id the same one each time, and another to each line', async () => {
    const content = `${line({})}\n${line({})}`
    const ids = (await read('ids.jsonl', content)).map(({ id }) => id)
    expect((await read('ids.jsonl', content)).map(({ id }) => id)).toEqual(ids)
    expect(new Set(ids).size).toBe(2)
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it.each([
    ['is not JSON', '{"secret": '],
    ['is not a JSON object', '[1]'],
    ['"content" is missing', '{"userId": "ada"}'],
    ['"userId" is missing', '{"content": "secret"}'],
    [
      '"content" is not a text (1 to 100,000 characters, not only spaces, nothing that UTF-8 or PostgreSQL cannot hold)',
      line({ content: 5 }),
    ],
    ['"source" is not one of chat, tool, system, document', line({ source: 'secret' })],
    ['"importance" is not a number from 0 to 1', line({ importance: 2 })],
    [
      '"createdAt" is not a date (ISO 8601, of UTC unless it has an offset, or milliseconds since 1970) of the years 1 to 9999',
      line({ createdAt: 'secret' }),
    ],
    ['"id" is not a UUID', line({ id: 'secret' })],
    [
      '"embedding" is not an array of finite numbers whose squares add up to neither zero nor infinity',
      line({ embedding: [0, 0] }),
    ],
    ['"embedding" has 3 dimensions, not 2', line({ embedding: [1, 2, 3] })],
  ])('names the line that %s, and nothing of what it holds', async (problem, bad) => {
    const content = `${line({ embedding: [1, 2] })}\n\n${bad}\n`
    const failure = await read('bad.jsonl', content).catch((error) => error)
    expect(failure).toMatchObject({ code: 'FILE.INVALID', line: 3 })
    expect(failure.message).toBe(`${join(dir, 'bad.jsonl')}:3: ${problem}`)
    expect(failure.message).not.toContain('secret')
  })

  it('names the line of bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`${line({})}\n`), Buffer.from([0x22, 0xff])])
    await expect(read('bytes.jsonl', bytes)).rejects.toMatchObject({ code: 'FILE.INVALID' })
  })
})

describe('a CSV file', () => {
  it('gives its memories, numbers and vectors out of their text', async () => {
    const [memory, second] = await read(
      'rows.csv',
      '\ufeffuserId,content,importance,embedding,mood\r\nada,"tea, ""hot""\nand sweet",0.25,"[1, 2]",good\r\nbob,rain,,"[3,4]",\r\n',
    )
    expect(memory).toMatchObject({
      line: 2,
      content: 'tea, "hot"\nand sweet',
      importance: 0.25,
      embedding: Float32Array.of(1, 2),
      metadata: { mood: 'good' },
    })
    expect(second).toMatchObject({ line: 4, userId: 'bob', importance: 0.5, metadata: {} })
  })

  it.each(['\n', '\r\n', '\r'])('may end its lines in %j', async (end) => {
    const lines = ['userId,content', 'ada,tea', '', 'bob,"hot', 'rain"', 'eve,snow']
    const memories = await read('ends.csv', lines.join(end) + end)
    expect(memories.map(({ line, userId, content }) => [line, userId, content])).toEqual([
      [2, 'ada', 'tea'],
      [4, 'bob', `hot${end}rain`],
      [6, 'eve', 'snow'],
    ])
  })

  it.each([
    ['has 3 cells where the header has 2', 'ada,tea,milk', 3],
    ['opens a quotation mark that nothing closes', 'ada,"tea', 3],
    ['has text after a closing quotation mark', 'ada,"tea"s', 3],
  ])('names the line that %s', async (problem, row, at) => {
    const failure = read('bad.csv', `userId,content\nada,tea\n${row}\n`)
    await expect(failure).rejects.toThrow(`bad.csv:${at}: ${problem}`)
  })

  it('comes apart into the cells it was put together from, however it arrives', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', '😀') })
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 5 }), (rows, step) => {
        const text = rows
          .map((cells) => `${cells.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')}\r\n`)
          .join('')
        const parser = createCsvParser('x.csv')
        const characters = [...text]
        const found = []
        for (let i = 0; i < characters.length; i += step) {
          found.push(...parser.push(characters.slice(i, i + step).join('')))
        }
        found.push(...parser.end())
        expect(found.map(({ cells }) => cells)).toEqual(rows)
      }),
    )
  })
})

describe('parseMapping', () => {
  it('refuses what is no mapping', () => {
    for (const text of ['', 'userId', 'userId=', 'nobody=x', 'userId=a,,', 'userId=a,userId=b']) {
      expect(() => parseMapping(text)).toThrow(RangeError)
    }
  })
})

it('other kinds of files are refused', async () => {
  await expect(read('data.parquet', '')).rejects.toThrow(RangeError)
})
