import fc from 'fast-check'
import { expect, it } from 'vitest'
import { meanOf, type Neighbour, recallAt, without } from '../src/indexes/recall.js'

const rows = fc
  .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 })
  .map((keys) => keys.map((key): Neighbour => ({ key: `${key}`, distance: Math.floor(key / 3) })))

const sorted = (list: readonly Neighbour[]) => [...list].sort((x, y) => x.distance - y.distance)

it('recall counts what is as near as the k-th nearest, and agrees with counting by hand', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 40 }), (all, k, keep) => {
      const nearest = sorted(all)
      const found = nearest.filter((_, i) => (i * 7) % 41 < keep)
      const recall = recallAt(k, nearest.slice(0, k), found)
      if (nearest.length === 0) return recall === null
      const wanted = nearest.slice(0, k)
      const worst = Math.max(...wanted.map(({ distance }) => distance))
      const right = found.filter(({ distance }) => distance <= worst).length
      return recall === Math.min(right, wanted.length) / wanted.length
    }),
  )
})

it('recall is 1 for the answer itself, and for one of equally near rows in another choice', () => {
  const near = (key: string, distance: number): Neighbour => ({ key, distance })
  expect(recallAt(2, [near('a', 1), near('b', 2)], [near('a', 1), near('c', 2)])).toBe(1)
  expect(recallAt(2, [near('a', 1), near('b', 2)], [near('a', 1), near('c', 2.1)])).toBe(0.5)
  expect(recallAt(2, [near('a', -5), near('b', -3)], [])).toBe(0)
})

it('a row that asks does not count as its own answer', () => {
  const list = ['own', 'a', 'b', 'c'].map((key, distance) => ({ key, distance }))
  expect(without('own', list, 2).map(({ key }) => key)).toEqual(['a', 'b'])
  expect(without('elsewhere', list, 2).map(({ key }) => key)).toEqual(['own', 'a'])
})

it('a mean is less sure the more its values differ and the fewer they are', () => {
  expect(meanOf([1, 1, 1])).toEqual({ mean: 1, cautious: 1 })
  const few = meanOf([1, 0.9, 1, 0.9])
  const many = meanOf(Array.from({ length: 400 }, (_, i) => (i % 2 ? 1 : 0.9)))
  expect(few.mean).toBeCloseTo(many.mean, 9)
  expect(few.cautious).toBeLessThan(many.cautious)
})
