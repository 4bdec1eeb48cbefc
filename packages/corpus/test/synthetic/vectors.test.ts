import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createVectorSource } from '../../src/synthetic/index.js'

const take = (seed: number, count: number, dimensions = 48) => {
  const source = createVectorSource({ seed, dimensions })
  return Array.from({ length: count }, () => source.next())
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)
}

describe('createVectorSource', () => {
  it('gives the same bits for the same seed, on every machine', () => {
    const hash = createHash('sha256')
    for (const vector of take(1, 100)) hash.update(new Uint8Array(vector.buffer))
    expect(hash.digest('hex')).toMatchInlineSnapshot(
      `"bc110e7b98b8c657305d33475e5ba5789fea2a9c1318fcbd101bdc55002a0476"`,
    )
  })

  it('gives other vectors for another seed', () => {
    expect(take(1, 3)).not.toEqual(take(2, 3))
  })

  it('gives finite vectors of unit length, whatever the dimensions', () => {
    for (const dimensions of [2, 100, 384, 1536]) {
      for (const vector of take(5, 20, dimensions)) {
        expect(vector).toHaveLength(dimensions)
        expect(dot(vector, vector)).toBeCloseTo(1, 5)
      }
    }
  })

  it('gives at a place what next gives there', () => {
    const source = createVectorSource({ seed: 3, dimensions: 16 })
    expect(take(3, 50, 16)[49]).toEqual(source.at(49))
    expect(source.next()).toEqual(source.at(0))
  })

  it('never gives the same vector twice', () => {
    const seen = new Set(take(4, 5000, 8).map((vector) => Buffer.from(vector.buffer).toString('base64')))
    expect(seen.size).toBe(5000)
  })

  it('gathers vectors of one theme closer than vectors of different ones', () => {
    const source = createVectorSource({ seed: 6, dimensions: 128, clusters: 20 })
    const mean = (pairs: [number, number][]) =>
      pairs.reduce((sum, [a, b]) => sum + dot(source.at(a), source.at(b)), 0) / pairs.length
    const places = Array.from({ length: 400 }, (_, i) => i)
    const pairs = places.flatMap((a) => places.slice(a + 1, a + 40).map((b): [number, number] => [a, b]))
    const isSame = ([a, b]: [number, number]) => source.clusterAt(a) === source.clusterAt(b)
    expect(mean(pairs.filter(isSame))).toBeGreaterThan(0.3)
    expect(Math.abs(mean(pairs.filter((pair) => !isSame(pair))))).toBeLessThan(0.1)
  })
})
