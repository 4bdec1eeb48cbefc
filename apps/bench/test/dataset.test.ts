import { describe, expect, test } from 'vitest'
import { createDataset } from '../src/dataset/dataset.js'
import { ownerOf, SHARES, shareUser } from '../src/dataset/owners.js'
import { type Query, rowId, rowIndex } from '../src/dataset/row.js'

const dataset = createDataset({ seed: 1, dimensions: 16, rows: 2000, queries: 5 })
const query = dataset.queries[0] as Query

function nearest(k: number, isCandidate: (index: number) => boolean = () => true): string[] {
  const distance = (index: number) =>
    -dataset.row(index).vector.reduce((sum, x, i) => sum + x * (query.vector[i] ?? 0), 0)
  return Array.from({ length: 2000 }, (_, i) => i)
    .filter(isCandidate)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, k)
    .map(rowId)
}

describe('recall', () => {
  test('is 1 for the true nearest, and less by one tenth for each wrong one', async () => {
    const judge = await dataset.judge(10, { rows: 2000 })
    const truth = nearest(10)
    expect(judge(query, truth)).toBe(1)
    const far = nearest(2000).slice(-3)
    expect(judge(query, [...truth.slice(0, 7), ...far])).toBeCloseTo(0.7)
  })

  test('does not count the same row twice', async () => {
    const judge = await dataset.judge(10, { rows: 2000 })
    const [first = ''] = nearest(1)
    expect(judge(query, Array(10).fill(first))).toBeCloseTo(0.1)
  })

  test('counts a missing answer as missed', async () => {
    const judge = await dataset.judge(10, { rows: 2000 })
    expect(judge(query, [])).toBe(0)
  })

  test('within one user counts none of another user, however near', async () => {
    const userId = shareUser(0.1)
    const judge = await dataset.judge(10, { rows: 2000, userId })
    expect(
      judge(
        query,
        nearest(10, (i) => ownerOf(i) === userId),
      ),
    ).toBe(1)
    const others = nearest(10, (i) => ownerOf(i) !== userId)
    expect(judge(query, others)).toBe(0)
  })

  test('against too few rows is refused', async () => {
    await expect(dataset.judge(10, { rows: 5 })).rejects.toThrow(RangeError)
  })
})

test('each share of the sweep is exact in every thousand rows', () => {
  for (const share of SHARES) {
    for (const from of [0, 1000, 57_000]) {
      const own = Array.from({ length: 1000 }, (_, i) => ownerOf(from + i)).filter(
        (id) => id === shareUser(share),
      )
      expect(own).toHaveLength(share * 1000)
    }
  }
})

test('queries are none of the rows, and rows are the same whenever they are made', () => {
  const again = createDataset({ seed: 1, dimensions: 16, rows: 10, queries: 5 })
  expect(again.row(7)).toEqual(dataset.row(7))
  const rows = new Set(Array.from({ length: 2000 }, (_, i) => dataset.row(i).vector.join()))
  for (const { vector } of dataset.queries) expect(rows.has(vector.join())).toBe(false)
})

test('a row id leads back to its row, and another id to none', () => {
  for (const index of [0, 1, 99_999, 1_000_000_007]) expect(rowIndex(rowId(index))).toBe(index)
  expect(() => rowIndex('00000000-0000-0000-0000-000000000001')).toThrow(RangeError)
})
