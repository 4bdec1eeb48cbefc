import { describe, expect, test } from 'vitest'
import { createDataset } from '../src/dataset/dataset.js'
import { type Query, rowId, rowIndex } from '../src/dataset/row.js'
import { includes, SCOPES, type Scope } from '../src/dataset/scopes.js'

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
    expect(judge.recall(query, truth)).toBe(1)
    const far = nearest(2000).slice(-3)
    expect(judge.recall(query, [...truth.slice(0, 7), ...far])).toBeCloseTo(0.7)
  })

  test('does not count the same row twice', async () => {
    const judge = await dataset.judge(10, { rows: 2000 })
    const [first = ''] = nearest(1)
    expect(judge.recall(query, Array(10).fill(first))).toBeCloseTo(0.1)
  })

  test('counts a missing answer as missed', async () => {
    const judge = await dataset.judge(10, { rows: 2000 })
    expect(judge.recall(query, [])).toBe(0)
  })

  test.each(['user', 'session', 'metadata'] as const)(
    'within one %s counts none of another, however near',
    async (by) => {
      const scope: Scope = { by, share: 0.1 }
      const judge = await dataset.judge(10, { rows: 2000, scope })
      const own = nearest(10, (i) => includes(scope, i))
      expect(judge.recall(query, own)).toBe(1)
      const others = nearest(10, (i) => !includes(scope, i))
      expect(judge.recall(query, others)).toBe(0)
    },
  )

  test('where there are fewer rows than asked for, is 1 for all of them', async () => {
    const scope: Scope = { by: 'user', share: 0.001 }
    const judge = await dataset.judge(10, { rows: 2000, scope })
    const own = nearest(10, (i) => includes(scope, i))
    expect(own.length).toBeLessThan(10)
    expect(judge.wanted).toBe(own.length)
    expect(judge.recall(query, own)).toBe(1)
  })

  test('against no row at all is refused', async () => {
    await expect(dataset.judge(10, { rows: 0 })).rejects.toThrow(RangeError)
  })
})

test.each(SCOPES)('a $by with the share $share has exactly that in every ten thousand rows', (scope) => {
  for (const from of [0, 10_000, 570_000]) {
    const own = Array.from({ length: 10_000 }, (_, i) => from + i).filter((i) => includes(scope, i))
    expect(own).toHaveLength(scope.share * 10_000)
  }
})

test('a label is independent of the owner', () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => i)
  const both = rows.filter(
    (i) => includes({ by: 'user', share: 0.5 }, i) && includes({ by: 'metadata', share: 0.5 }, i),
  )
  expect(both.length / rows.length).toBeCloseTo(0.25, 1)
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
