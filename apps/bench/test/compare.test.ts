import { describe, expect, test } from 'vitest'
import { compareReports, printComparison } from '../src/gate/compare.js'
import { once } from '../src/measure/spread.js'
import type { Report, Spread } from '../src/result.js'
import { makeReport, makeResult } from './reports.js'

const around = (median: number): Spread => ({ median, low: median * 0.95, high: median * 1.05 })
const of = (figures: Record<string, Spread>, driver = 'funes') =>
  makeReport([makeResult('search', driver, { effort: 'high' }, figures)])

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
    const comparison = compareReports(before, after)
    expect(comparison.changes.map(({ ratio, kind }) => [ratio, kind])).toEqual([
      [0.5, 'clear'],
      [4 / 3, 'overlap'],
    ])
    expect(printComparison(comparison)).toContain('1 clear changes among 2')
  })

  test('a single time is never clear, and still shown', () => {
    const comparison = compareReports(of({ p50Ms: once(1) }), of({ p50Ms: once(0.5) }))
    expect(comparison.changes[0]?.kind).toBe('single')
    const text = printComparison(comparison)
    expect(text).toContain('0 clear changes')
    expect(text).toMatch(/no spread.*\n.*x 0\.50 {4}p50Ms/)
  })

  test.each([
    ['recall', 0.99, 0.98, true],
    ['recall', 0.98, 0.94, true],
    ['recall', 1, 0.5, true],
    ['recall', 0.94, 0.98, false],
    ['foundShare', 1, 0.99, true],
    ['shortShare', 0, 0.01, true],
    ['refusedShare', 0.02, 0, false],
  ])('a %s of %f that becomes %f is clear, alike in every round or not', (figure, before, after, isLoss) => {
    for (const spreadOf of [
      once,
      (median: number) => ({ median, low: median - 0.001, high: median + 0.001 }),
    ]) {
      const comparison = compareReports(of({ [figure]: spreadOf(before) }), of({ [figure]: spreadOf(after) }))
      expect(comparison.changes).toMatchObject([{ kind: 'clear', isLoss }])
      const text = printComparison(comparison)
      expect(text).toContain('1 clear changes among 1')
      expect(text).toContain(figure)
      expect(text.includes('FOUND LESS')).toBe(isLoss)
    }
  })

  test('a recall that differs by half a hundredth is another build of the index', () => {
    const comparison = compareReports(of({ recall: once(0.985) }), of({ recall: once(0.98) }))
    expect(comparison.changes).toMatchObject([{ kind: 'overlap', isLoss: false }])
    expect(printComparison(comparison)).not.toContain('recall')
  })

  test('rounds of a recall that overlap are no clear change, and a fall is told all the same', () => {
    const comparison = compareReports(
      of({ recall: { median: 0.98, low: 0.95, high: 1 } }),
      of({ recall: { median: 0.96, low: 0.94, high: 0.99 } }),
    )
    expect(comparison.changes).toMatchObject([{ kind: 'overlap', isLoss: true }])
    expect(printComparison(comparison)).toContain('FOUND LESS')
  })

  test('shows what was zero and is no more, and nothing that stayed zero', () => {
    const before = of({ shortShare: { median: 0, low: 0, high: 0.01 }, zero: once(0), one: once(0) })
    const after = of({ shortShare: { median: 0.2, low: 0.1, high: 0.3 }, zero: once(0), one: once(0.2) })
    const text = printComparison(compareReports(before, after))
    expect(text).toContain('from 0    shortShare  0.000 -> 0.200')
    expect(text).toContain('from 0    one  0.000 -> 0.200')
    expect(text).not.toContain('zero')
  })

  const other = (change: (report: Report) => Report) => change(of({ p50Ms: around(9) }))
  test.each([
    ['engine', (r: Report): Report => ({ ...r, environment: { ...r.environment, engine: 'embedded' } })],
    ['dimensions', (r: Report): Report => ({ ...r, config: { ...r.config, dimensions: 7 } })],
    ['seed', (r: Report): Report => ({ ...r, config: { ...r.config, seed: 7 } })],
    ['k', (r: Report): Report => ({ ...r, config: { ...r.config, k: 7 } })],
    ['rows', (r: Report): Report => ({ ...r, config: { ...r.config, rows: 7 } })],
    ['users', (r: Report): Report => ({ ...r, config: { ...r.config, users: 7 } })],
    ['data', (r: Report): Report => ({ ...r, config: { ...r.config, data: 'made otherwise' } })],
  ])('refuses runs whose %s differs', (name, change) => {
    const comparison = compareReports(of({ p50Ms: around(3) }), other(change))
    expect(comparison.obstacles).toHaveLength(1)
    expect(comparison.obstacles[0]).toContain(`${name}: `)
    expect(comparison.changes).toEqual([])
    expect(printComparison(comparison)).toContain('NOT COMPARABLE')
  })

  test('names another processor, other versions and settings, and compares', () => {
    const after = other((r) => ({
      ...r,
      environment: {
        ...r.environment,
        cpu: 'another',
        packages: { pg: '9.0.0' },
        settings: { fsync: 'off' },
      },
    }))
    const comparison = compareReports(of({ p50Ms: around(3) }), after)
    expect(comparison.obstacles).toEqual([])
    expect(comparison.differences).toEqual([
      'cpu: a <fast> one and another',
      'pg: unknown and 9.0.0',
      'fsync: unknown and off',
    ])
    expect(comparison.changes).toHaveLength(1)
  })

  test('names what only one run has, and refuses when nothing is shared', () => {
    const comparison = compareReports(of({ p50Ms: around(3) }), of({ p50Ms: around(3) }, 'pg'))
    expect(comparison.onlyBefore).toEqual(['search / funes / effort high'])
    expect(comparison.onlyAfter).toEqual(['search / pg / effort high'])
    expect(comparison.obstacles).toEqual(['the two runs have no figure in common'])
  })
})
