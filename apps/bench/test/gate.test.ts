import { describe, expect, test } from 'vitest'
import type { Bound } from '../src/gate/bound.js'
import { GATE } from '../src/gate/bounds.js'
import { check, verdictOf } from '../src/gate/gate.js'
import { once } from '../src/measure/spread.js'
import { makeReport, makeResult } from './reports.js'

const ratio: Bound = {
  ...{ name: 'search', scenario: 'search', driver: 'funes', figure: 'p50Ms', against: 'pg', atMost: 1.5 },
}

const search = (driver: string, effort: string, p50: number, recall = 1) =>
  makeResult('search', driver, { effort }, { p50Ms: once(p50), recall: once(recall) })

describe('gate', () => {
  test('a ratio compares results of the same point', () => {
    const results = [search('funes', 'high', 4), search('pg', 'fast', 1), search('pg', 'high', 3)]
    const [only] = check(results, [ratio])
    expect(only?.value).toBeCloseTo(4 / 3)
    expect(only?.kept).toBe(true)
  })

  test('a peer that has other efforts is compared by the rest of the point', () => {
    const at = (driver: string, effort: string, rate: number) =>
      makeResult('concurrency', driver, { clients: 16, effort }, { searchesPerSecond: once(rate) })
    const bound: Bound = {
      ...{ name: 'throughput', scenario: 'concurrency', driver: 'funes', figure: 'searchesPerSecond' },
      ...{ against: 'mastra', atLeast: 5 },
    }
    const [only] = check([at('funes', 'fast', 1000), at('mastra', 'hnsw', 250)], [bound])
    expect(only).toMatchObject({ value: 4, kept: false })
  })

  test('is broken by a recall below its floor', () => {
    const floor: Bound = {
      name: 'recall',
      scenario: 'search',
      driver: 'funes',
      figure: 'recall',
      atLeast: 0.95,
    }
    const report = makeReport([search('funes', 'high', 1, 0.94)])
    expect(verdictOf(report, [floor]).checks.map(({ kept }) => kept)).toEqual([false])
  })

  test('says nothing of what was not measured, and fails when nothing was', () => {
    expect(check([search('funes', 'high', 4)], [ratio])).toEqual([])
    expect(verdictOf(makeReport([]), [ratio]).print()).toBe(1)
  })

  const floor: Bound = {
    ...{ name: 'recall', scenario: 'search', driver: 'funes', figure: 'recall', atLeast: 0.9 },
  }

  test('is broken by a bound that nothing was held against, where it was to be measured', () => {
    const report = makeReport([search('funes', 'high', 4)])
    const renamed = { ...floor, name: 'renamed', figure: 'recallShare' }
    expect(verdictOf(report, [floor]).print()).toBe(0)
    expect(verdictOf(report, [floor, renamed]).unjudged).toEqual([renamed])
    expect(verdictOf(report, [floor, renamed]).print()).toBe(1)
  })

  test('asks a part of a profile only for what it ran, a whole one for every bound', () => {
    const report = makeReport([search('funes', 'high', 4)])
    const elsewhere = { ...floor, scenario: 'filtered' }
    const against = { ...floor, against: 'mastra' }
    expect(verdictOf(report, [floor, elsewhere, against]).print()).toBe(0)
    expect(verdictOf({ ...report, isWhole: true }, [floor, elsewhere, against]).unjudged).toEqual([
      elsewhere,
      against,
    ])
  })

  test('one result is enough where that is what is asked, and none is not', () => {
    const some: Bound = {
      ...{ name: 'through the index', scenario: 'filtered', driver: 'funes', figure: 'throughIndexShare' },
      ...{ atLeast: 0.5, isKeptByOne: true },
    }
    const at = (share: number, byIndex: number) =>
      makeResult('filtered', 'funes', { share }, { throughIndexShare: once(byIndex) })
    expect(verdictOf(makeReport([at(50, 1), at(1, 0)]), [some]).print()).toBe(0)
    const exactOnly = verdictOf(makeReport([at(50, 0), at(1, 0)]), [some])
    expect(exactOnly.keptByNone).toEqual([some])
    expect(exactOnly.print()).toBe(1)
  })

  test('asks of the filters in CI the recall that is promised, and that some went through the index', () => {
    const filtered = GATE.filter(({ scenario }) => scenario === 'filtered')
    expect(filtered).toContainEqual(expect.objectContaining({ figure: 'recall', atLeast: 0.98 }))
    expect(filtered.filter(({ figure }) => figure === 'throughIndexShare').length).toBeGreaterThan(1)
  })

  test('no bound is kept by a figure that is not a number', () => {
    const results = [search('funes', 'high', 4, Number.NaN), search('pg', 'high', 0)]
    const atLeast = { ...ratio, atLeast: 1, atMost: Infinity }
    expect(check(results, [floor, atLeast]).map(({ kept }) => kept)).toEqual([false, false])
  })
})
