import { describe, expect, test } from 'vitest'
import type { Bound } from '../src/gate/bounds.js'
import { compareReports, printComparison } from '../src/gate/compare.js'
import { check, verdictOf } from '../src/gate/gate.js'
import { once } from '../src/measure/spread.js'
import { renderMarkdown, replaceTable } from '../src/report/markdown.js'
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
})

describe('compare', () => {
  test('tells apart a clear change from rounds that overlap', () => {
    const before = makeReport([
      makeResult('search', 'funes', { effort: 'high' }, { p50Ms: { median: 4, low: 3.9, high: 4.1 } }),
      makeResult('search', 'pg', { effort: 'high' }, { p50Ms: { median: 3, low: 2, high: 5 } }),
    ])
    const after = makeReport([
      makeResult('search', 'funes', { effort: 'high' }, { p50Ms: { median: 2, low: 1.9, high: 2.1 } }),
      makeResult('search', 'pg', { effort: 'high' }, { p50Ms: { median: 4, low: 3, high: 6 } }),
    ])
    const changes = compareReports(before, after)
    expect(changes.map(({ ratio, isClear }) => [ratio, isClear])).toEqual([
      [0.5, true],
      [4 / 3, false],
    ])
    expect(printComparison(changes)).toContain('1 clear changes among 2')
  })
})

describe('markdown', () => {
  test('has a row for each driver with its own figures', () => {
    const report = makeReport([search('funes', 'high', 4.2, 0.98)], ['funes'])
    expect(renderMarkdown(report)).toMatch(/\| `funes`, high \| 0\.980 \| 4\.20 ms \|/)
  })

  test('replaces what stands between the marks and nothing else', () => {
    const text = 'before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter'
    expect(replaceTable(text, 'new')).toBe('before\n<!-- bench:start -->\nnew\n<!-- bench:end -->\nafter')
    expect(() => replaceTable('no marks', 'new')).toThrow(RangeError)
  })
})
