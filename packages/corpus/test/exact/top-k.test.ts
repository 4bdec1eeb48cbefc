import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exactTopK, type Metric } from '@funes/corpus/exact'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '../../src/synthetic/random.js'

const DISTANCE: Record<Metric, (a: number[], b: number[]) => number> = {
  cosine: (a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  l2: (a, b) => Math.hypot(...a.map((x, i) => x - (b[i] as number))),
  'inner-product': (a, b) => -dot(a, b),
}
const METRICS = Object.keys(DISTANCE) as Metric[]

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)
}

function randomRows(count: number, dimensions: number, seed = 1): Float32Array {
  const random = createRandom(seed)
  return Float32Array.from({ length: count * dimensions }, () => random.gaussian())
}

const rowsOf = (values: Float32Array, dimensions: number) =>
  Array.from({ length: values.length / dimensions }, (_, i) => [
    ...values.subarray(i * dimensions, (i + 1) * dimensions),
  ])

describe('exactTopK', () => {
  it('agrees with sorting all distances, whatever the sizes', async () => {
    const sizes = fc.record({
      dimensions: fc.integer({ min: 1, max: 9 }),
      rows: fc.integer({ min: 1, max: 40 }),
      queries: fc.integer({ min: 0, max: 9 }),
      metric: fc.constantFrom(...METRICS),
      seed: fc.nat(),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(sizes, async ({ dimensions, rows, queries, metric, seed, share }) => {
        const k = 1 + Math.floor(share * (rows - 1))
        const vectors = randomRows(rows, dimensions, seed)
        const asked = randomRows(queries, dimensions, seed + 1)
        const { ids, distances } = await exactTopK({
          vectors,
          dimensions,
          queries: asked,
          k,
          metric,
          cacheDir: null,
        })
        const expected = rowsOf(asked, dimensions).flatMap((query) =>
          rowsOf(vectors, dimensions)
            .map((row, id) => ({ id, distance: DISTANCE[metric](row, query) }))
            .sort((a, b) => a.distance - b.distance)
            .slice(0, k),
        )
        expect(distances).toHaveLength(queries * k)
        for (const [i, { distance }] of expected.entries()) expect(distances[i]).toBeCloseTo(distance, 9)
        // Every id has the distance that stands beside it.
        for (const [i, id] of ids.entries()) {
          const query = rowsOf(asked, dimensions)[Math.floor(i / k)] as number[]
          const row = rowsOf(vectors, dimensions)[id] as number[]
          expect(distances[i]).toBeCloseTo(DISTANCE[metric](row, query), 9)
        }
      }),
    )
  })

  it('gives in threads what it gives without them', async () => {
    const vectors = randomRows(20_000, 64)
    const queries = randomRows(30, 64, 2)
    const options = { vectors, dimensions: 64, k: 10, cacheDir: null }
    const together = await exactTopK({ ...options, queries })
    for (const q of [0, 14, 29]) {
      const alone = await exactTopK({ ...options, queries: queries.slice(q * 64, (q + 1) * 64) })
      expect(together.ids.slice(q * 10, (q + 1) * 10)).toEqual(alone.ids)
      expect(together.distances.slice(q * 10, (q + 1) * 10)).toEqual(alone.distances)
    }
  })

  it('puts the first of equally near rows first', async () => {
    const vectors = Float32Array.from([0, 1, 1, 0, 1, 0, 1, 0])
    const { ids } = await exactTopK({
      vectors,
      dimensions: 2,
      queries: [Float32Array.of(1, 0)],
      k: 2,
      cacheDir: null,
    })
    expect([...ids]).toEqual([1, 2])
  })

  it('refuses sizes that do not fit, and more neighbours than there are rows', async () => {
    const vectors = randomRows(5, 4)
    const queries = randomRows(1, 4)
    const refused = [
      { vectors, dimensions: 3, queries, k: 1 },
      { vectors, dimensions: 4, queries: [queries.slice(1)], k: 1 },
      { vectors, dimensions: 4, queries, k: 6 },
      { vectors, dimensions: 4, queries, k: 0 },
      { vectors, dimensions: 4, queries, k: 1, metric: 'hamming' as Metric },
    ]
    for (const options of refused) {
      await expect(exactTopK({ ...options, cacheDir: null })).rejects.toThrow(RangeError)
    }
  })
})

describe('the cache of exactTopK', () => {
  let cacheDir: string
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'funes-exact-'))
  })
  afterEach(() => rm(cacheDir, { recursive: true }))

  const base = { vectors: randomRows(50, 4), dimensions: 4, queries: randomRows(3, 4, 2), k: 5 }

  it('gives the kept answer back, and keeps one for each different question', async () => {
    const first = await exactTopK({ ...base, cacheDir })
    expect(await exactTopK({ ...base, cacheDir })).toEqual(first)
    expect(await readdir(cacheDir)).toHaveLength(1)

    const changed = base.vectors.slice()
    changed[7] = 0.5
    await exactTopK({ ...base, vectors: changed, cacheDir })
    await exactTopK({ ...base, queries: randomRows(3, 4, 3), cacheDir })
    await exactTopK({ ...base, k: 4, cacheDir })
    await exactTopK({ ...base, metric: 'l2', cacheDir })
    expect(await readdir(cacheDir)).toHaveLength(5)
  })

  it('works out again what a file holds only in part', async () => {
    const first = await exactTopK({ ...base, cacheDir })
    const [file] = await readdir(cacheDir)
    await truncate(join(cacheDir, file as string), 17)
    expect(await exactTopK({ ...base, cacheDir })).toEqual(first)
  })
})
