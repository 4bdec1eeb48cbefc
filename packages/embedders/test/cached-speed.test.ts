import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { cached } from '../src/cached/index.js'
import type { Embedder } from '../src/embedder.js'

const dir = await mkdtemp(join(tmpdir(), 'funes-cache-'))
afterAll(() => rm(dir, { recursive: true }))

it('reads 5,000 vectors of 512 dimensions in a time nobody waits for', async () => {
  const embedder: Embedder = {
    model: 'numbers',
    dimensions: 512,
    embed: async (texts) => texts.map((text) => new Float32Array(512).fill(Number(text) + 1)),
  }
  const texts = Array.from({ length: 5000 }, (_, i) => String(i))
  await cached(embedder, { dir, batchSize: 1000 }).embed(texts)
  const started = performance.now()
  const vectors = await cached(embedder, { dir }).embed(texts)
  expect(performance.now() - started).toBeLessThan(2000)
  expect(vectors.at(-1)?.[511]).toBe(5000)
})
