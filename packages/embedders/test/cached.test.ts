import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cached } from '../src/cached/index.js'
import type { Embedder } from '../src/embedder.js'

const DIMENSIONS = 8
const RECORD_BYTES = 4 + 32 + 4 * DIMENSIONS + 4

/** A deterministic encoder that notes what it was asked. */
function countingEmbedder(model = 'letters'): Embedder & { asked: string[] } {
  const asked: string[] = []
  return {
    model,
    dimensions: DIMENSIONS,
    asked,
    async embed(texts) {
      asked.push(...texts)
      return texts.map((text) =>
        Float32Array.from({ length: DIMENSIONS }, (_, i) => (text.charCodeAt(i) || 0) / 7 + 0.1),
      )
    },
  }
}

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'funes-cache-'))
})
afterEach(() => rm(dir, { recursive: true }))

async function cacheFile(): Promise<string> {
  const [name] = await readdir(dir)
  return join(dir, name as string)
}

describe('cached', () => {
  it('embeds each text once, also across instances, with the same bits', async () => {
    const first = countingEmbedder()
    const texts = ['one', 'two', 'one', 'three']
    const before = await cached(first, { dir }).embed(texts)
    expect(first.asked).toEqual(['one', 'two', 'three'])

    const second = countingEmbedder()
    const after = await cached(second, { dir }).embed([...texts, 'four'])
    expect(second.asked).toEqual(['four'])
    expect(after.slice(0, 4)).toEqual(before)
    expect(after).toEqual(await countingEmbedder().embed([...texts, 'four']))
  })

  it('keeps models apart', async () => {
    await cached(countingEmbedder('a'), { dir }).embed(['text'])
    const other = countingEmbedder('b')
    await cached(other, { dir }).embed(['text'])
    expect(other.asked).toEqual(['text'])
  })

  it('drops a tail cut off anywhere, keeps all before it, and goes on after it', async () => {
    const texts = ['one', 'two', 'three']
    await cached(countingEmbedder(), { dir }).embed(texts)
    const path = await cacheFile()
    const whole = await readFile(path)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (length) => {
        await writeFile(path, whole)
        await truncate(path, length)
        const kept = Math.floor(length / RECORD_BYTES)

        const embedder = countingEmbedder()
        await cached(embedder, { dir }).embed(texts)
        expect(embedder.asked).toEqual(texts.slice(kept))

        const afterwards = countingEmbedder()
        const vectors = await cached(afterwards, { dir }).embed(texts)
        expect(afterwards.asked).toEqual([])
        expect(vectors).toEqual(await countingEmbedder().embed(texts))
      }),
      { numRuns: 60 },
    )
  })

  it('does not believe a record that was damaged', async () => {
    await cached(countingEmbedder(), { dir }).embed(['one', 'two', 'three'])
    const path = await cacheFile()
    const bytes = await readFile(path)
    const middle = RECORD_BYTES + 40
    bytes[middle] = (bytes[middle] as number) ^ 1
    await writeFile(path, bytes)
    await appendFile(path, 'FnV1 and then something that is no record')
    const embedder = countingEmbedder()
    await cached(embedder, { dir }).embed(['one', 'two', 'three'])
    expect(embedder.asked).toEqual(['two'])
  })

  it('keeps what was embedded before a failure', async () => {
    const flaky = countingEmbedder()
    const embed = flaky.embed
    flaky.embed = async (texts) => {
      if (texts.includes('bad')) throw new Error('refused')
      return embed(texts)
    }
    await expect(cached(flaky, { dir, batchSize: 2 }).embed(['a', 'b', 'c', 'bad'])).rejects.toThrow(
      'refused',
    )
    const later = countingEmbedder()
    await cached(later, { dir }).embed(['a', 'b', 'c'])
    expect(later.asked).toEqual(['c'])
  })

  it('hands out copies', async () => {
    const embedder = cached(countingEmbedder(), { dir })
    const [vector] = await embedder.embed(['one'])
    vector?.fill(0)
    expect(await embedder.embed(['one'])).toEqual(await countingEmbedder().embed(['one']))
  })

  it('lets two instances write side by side', async () => {
    const a = cached(countingEmbedder(), { dir, batchSize: 1 })
    const b = cached(countingEmbedder(), { dir, batchSize: 1 })
    const numbers = Array.from({ length: 40 }, (_, i) => String(i))
    await Promise.all([a.embed(numbers.slice(0, 20)), b.embed(numbers.slice(20))])
    const later = countingEmbedder()
    await cached(later, { dir }).embed(numbers)
    expect(later.asked).toEqual([])
  })
})
