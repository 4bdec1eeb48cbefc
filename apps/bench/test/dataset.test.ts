import { describe, expect, test } from 'vitest'
import { createDataset, createQueries } from '../src/dataset/dataset.js'
import { type Query, rowId, rowIndex } from '../src/dataset/row.js'
import { SCOPES, type Scope } from '../src/dataset/scopes.js'

const dataset = createDataset({ seed: 1, dimensions: 16, rows: 2000, queries: 5 })
const query = dataset.queries[0] as Query
const { includes } = dataset

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

  test.each(['user', 'session', 'metadata', 'topic'] as const)(
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

  test('wants what was stored before the question, and takes what was being stored for no mistake', async () => {
    const judge = await dataset.judge(10, { rows: 2000 })
    const added = { ...dataset.row(1_000_000_000), vector: query.vector }
    const truth = nearest(10)
    expect(judge.recall(query, truth, [])).toBe(1)
    expect(judge.recall(query, truth, [added])).toBeCloseTo(0.9)
    const near = { ...dataset.row(1_000_000_001), vector: dataset.row(rowIndex(truth[9] as string)).vector }
    expect(judge.recall(query, truth, [near])).toBe(1)
    const found = [rowId(1_000_000_000), ...truth.slice(0, 9)]
    expect(judge.recall(query, found)).toBeCloseTo(0.9)
  })

  test('against no row at all is refused', async () => {
    await expect(dataset.judge(10, { rows: 0 })).rejects.toThrow(RangeError)
  })
})

const EXACT = SCOPES.filter(({ by }) => by !== 'topic')
test.each(EXACT)('a $by with the share $share has exactly that in every ten thousand rows', (scope) => {
  for (const from of [0, 10_000, 570_000]) {
    const own = Array.from({ length: 10_000 }, (_, i) => from + i).filter((i) => includes(scope, i))
    expect(own).toHaveLength(scope.share * 10_000)
  }
})

describe('users', () => {
  const ownersOf = (users: number, rows: number) => {
    const { row } = createDataset({ seed: 1, dimensions: 2, rows: 1, queries: 1, users })
    const counts = new Map<string, number>()
    for (let i = 0; i < rows; i++) {
      const { userId } = row(i)
      counts.set(userId, (counts.get(userId) ?? 0) + 1)
    }
    return counts
  }

  test.each([
    [1000, 10_000],
    [1000, 60_000],
    [20, 10_000],
  ])('there are %i of them among %i rows', (users, rows) => {
    expect(ownersOf(users, rows).size).toBe(users)
  })

  test('the others differ as people do: the first has many times what the last one has', () => {
    const counts = ownersOf(100, 60_000)
    const others = [...counts].filter(([id]) => id.startsWith('user-') && !id.includes('%'))
    const sizes = others.map(([, count]) => count).sort((a, b) => b - a)
    expect(sizes[0]).toBeGreaterThan(20 * (sizes.at(-1) as number))
  })
})

describe('topics', () => {
  const topics = SCOPES.filter(({ by }) => by === 'topic')

  test.each(topics)('with the share $share have about that of all rows', (scope) => {
    const own = Array.from({ length: 30_000 }, (_, i) => i).filter((i) => includes(scope, i))
    expect(own.length / 30_000 / scope.share).toBeGreaterThan(0.5)
    expect(own.length / 30_000 / scope.share).toBeLessThan(1.5)
  })

  test('go with what a memory means: what is near a query about something else is not in them', () => {
    const many = createDataset({ seed: 3, dimensions: 32, rows: 6000, queries: 60 })
    const shareNear = (scope: Scope) => {
      const asked = many.queriesWithin(scope).slice(0, 20)
      const near = asked.map(({ vector }) =>
        Array.from({ length: 6000 }, (_, i) => i)
          .map((i) => ({ i, dot: many.row(i).vector.reduce((sum, x, d) => sum + x * (vector[d] ?? 0), 0) }))
          .sort((a, b) => b.dot - a.dot)
          .slice(0, 30),
      )
      const own = near.flat().filter(({ i }) => many.includes(scope, i))
      return own.length / near.flat().length
    }
    for (const share of [0.5, 0.1]) {
      const byLabel = shareNear({ by: 'metadata', share })
      expect(byLabel).toBeGreaterThan(0.8 * share)
      expect(shareNear({ by: 'topic', share })).toBeLessThan(0.75 * byLabel)
    }
  })

  test('are asked about something else, other filters about anything', () => {
    for (const scope of topics) {
      const asked = dataset.queriesWithin(scope)
      expect(asked.length).toBeGreaterThan(0)
      expect(dataset.queries).toEqual(expect.arrayContaining([...asked]))
    }
    expect(dataset.queriesWithin({ by: 'user', share: 0.5 })).toBe(dataset.queries)
  })
})

test('the digest is of rows, what they are found by, and queries', () => {
  const options = { seed: 1, dimensions: 16, rows: 100, queries: 5 }
  const digest = (change: object = {}) => createDataset({ ...options, ...change }).digest()
  expect(digest()).toBe(digest())
  expect(new Set([digest(), digest({ seed: 2 }), digest({ users: 20 }), digest({ queries: 6 })]).size).toBe(4)
})

test('the trials are none of the queries', () => {
  const asked = new Set(dataset.queries.map(({ vector }) => vector.join()))
  expect(dataset.trials.length).toBeGreaterThanOrEqual(20)
  for (const { vector } of dataset.trials) expect(asked.has(vector.join())).toBe(false)
})

test('the queries of another process are the same', () => {
  expect(createQueries({ seed: 1, dimensions: 16, count: 5 })).toEqual(dataset.queries)
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
