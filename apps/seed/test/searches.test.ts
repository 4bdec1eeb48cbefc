import { describe, expect, it } from 'vitest'
import type { SeedRow } from '../src/datasets/dataset.js'
import { syntheticDataset } from '../src/datasets/synthetic.js'
import { type Answer, type Answers, createSurveyor, judge } from '../src/validate/searches.js'
import { createTruthSeeker, keyOf, type Truth } from '../src/validate/truth.js'
import { never } from './run.js'

const K = 10
const dataset = syntheticDataset({ seed: 1, memories: 200, users: 1, dimensions: 16 })
const queries = dataset.heldOut?.(5) ?? []

async function judged(answer: (truth: Truth[number], rows: SeedRow[]) => Answer) {
  const rows: SeedRow[] = []
  for await (const row of dataset.rows(0, never)) rows.push(row)
  const seeker = createTruthSeeker(queries, 16, K, { metric: 'cosine', cacheDir: null })
  for (const row of rows) await seeker.offer(row)
  const truth = await seeker.finish()
  const answers: Answers = {
    name: 'searches',
    queries,
    answers: truth.map((nearest) => answer(nearest, rows)),
    times: [1],
  }
  const surveyor = createSurveyor([answers], 'cosine')
  for (const row of rows) surveyor.offer(row)
  return judge(answers, truth, surveyor)
}

describe('the judgement of searches', () => {
  it('is right when the nearest rows came with their distances', async () => {
    const check = await judged((nearest) => new Map(nearest.map(({ key, distance }) => [key, distance])))
    expect(check.isRight, check.detail).toBe(true)
    expect(check.detail).toContain('recall 1.0000')
  })

  it('does not take far rows for near ones because the database says so', async () => {
    const check = await judged((nearest, rows) => {
      const near = new Set(nearest.map(({ key }) => key))
      const far = rows.filter((row) => !near.has(keyOf(row))).slice(-K)
      return new Map(far.map((row) => [keyOf(row), 0]))
    })
    expect(check.isRight).toBe(false)
    expect(check.detail).toContain('recall 0.0000')
    expect(check.detail).toContain('50 distances wrong')
  })

  const shortOf = (missing: number) => (nearest: Truth[number]) =>
    new Map(nearest.slice(missing).map(({ key, distance }) => [key, distance]))

  it('holds a search to the recall that it promises', async () => {
    const check = await judged(shortOf(1))
    expect(check.detail).toContain('recall 0.9000')
    expect(check.isRight).toBe(false)
  })

  it('does not take for wrong what chance explains in so few searches', async () => {
    let asked = 0
    const check = await judged((nearest) => shortOf(asked++ === 0 ? 1 : 0)(nearest))
    expect(check.detail).toContain('recall 0.9800')
    expect(check.isRight).toBe(true)
    asked = 0
    const worse = await judged((nearest) => shortOf(asked++ < 4 ? 1 : 0)(nearest))
    expect(worse.detail).toContain('recall 0.9200')
    expect(worse.isRight).toBe(false)
  })

  it('does not count rows that the data set does not have', async () => {
    const check = await judged(
      (nearest) => new Map(nearest.map(({ key, distance }) => [`x${key}`, distance])),
    )
    expect(check.detail).toContain('recall 0.0000')
  })
})
