import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MappingOptions, readMemoriesFile } from '../../src/files/index.js'
import { collect } from '../collect.js'

let path: string
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'funes-files-')), 'notes.jsonl')
})
afterAll(() => rm(join(path, '..'), { recursive: true }))

async function read(fields: string, options: MappingOptions = {}) {
  await writeFile(
    path,
    `{"userId": "ada", "content": "tea"}\n{"userId": "ada", "content": "tea", ${fields}}\n`,
  )
  return collect(readMemoriesFile(path, options))
}

const text = (value: string) => JSON.stringify(value)
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
/** The escape of half a surrogate pair, as it stands in a file. */
const HALF = '"\\ud83d"'
const NUL = '"a\\u0000b"'

describe('a record that no memory can be made of', () => {
  it.each([
    ['NUL in a user', `"userId": ${NUL}`],
    ['half a surrogate pair in a user', `"userId": ${HALF}`],
    ['a user of spaces', '"userId": "   "'],
    ['a user of 513 characters', `"userId": ${text('u'.repeat(513))}`],
    ['NUL in a session', `"sessionId": ${NUL}`],
    ['half a surrogate pair in a session', `"sessionId": ${HALF}`],
    ['a session of 513 characters', `"sessionId": ${text('s'.repeat(513))}`],
    [
      'a user and a session that are too long for one index entry',
      `"userId": ${text('語'.repeat(500))}, "sessionId": ${text('語'.repeat(500))}`,
    ],
    ['a content of 100,001 characters', `"content": ${text('x'.repeat(100_001))}`],
    ['NUL in metadata', `"metadata": {"a": [${NUL}]}`],
    ['NUL in a key of metadata', `"metadata": {${NUL}: 1}`],
    ['half a surrogate pair in metadata', `"metadata": {"a": ${HALF}}`],
    ['half a surrogate pair in another field', `"mood": ${HALF}`],
    ['the key __proto__', '"__proto__": {"a": 1}'],
    ['the key __proto__ inside metadata', '"metadata": {"a": {"__proto__": 1}}'],
    ['an infinite number in metadata', '"metadata": {"a": 1e999}'],
    ['metadata of 101 levels', `"metadata": {"a": ${nested(100)}}`],
    ['metadata of 100,000 levels', `"metadata": {"a": ${nested(100_000)}}`],
    ['a date before the year 1', '"createdAt": "0000-12-31T00:00:00Z"'],
    ['a date after the year 9999', '"createdAt": 253402300800000'],
    ['an embedding whose length overflows', '"embedding": [2e19, 1]'],
    ['an embedding whose length vanishes', '"embedding": [1e-30, 1e-30]'],
  ])('is refused with its line: %s', async (_, fields) => {
    await expect(read(fields)).rejects.toMatchObject({ code: 'FILE.INVALID', line: 2 })
  })

  it.each([
    [
      'a user and a session of 512 characters',
      `"userId": ${text('u'.repeat(512))}, "sessionId": ${text('s'.repeat(512))}`,
    ],
    ['a content of 100,000 characters', `"content": ${text('x'.repeat(100_000))}`],
    ['metadata of 100 levels', `"metadata": {"a": ${nested(99)}}`],
    [
      'the first and the last date',
      '"createdAt": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59.999Z"',
    ],
    ['an embedding that is short', '"embedding": [1e-20, 1e-20]'],
  ])('is not one with %s', async (_, fields) => {
    expect(await read(fields)).toHaveLength(2)
  })
})

describe('a mapping', () => {
  it('is refused when it names a field that no record has', async () => {
    await expect(read('"mood": "good"', { mapping: { sessionId: 'boook' } })).rejects.toThrow(
      'no record has the field "boook"',
    )
    await expect(read('"mood": "good"', { mapping: { sessionId: 'mood' } })).resolves.toHaveLength(2)
  })

  it('is held against the records that are read, not those beyond the limit', async () => {
    await expect(read('"mood": "good"', { mapping: { sessionId: 'mood' }, limit: 1 })).rejects.toThrow(
      '"mood"',
    )
  })
})
