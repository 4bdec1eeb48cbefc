import { describe, expect, test } from 'vitest'
import { once } from '../src/measure/spread.js'
import { renderMarkdown } from '../src/report/markdown.js'
import type { Point } from '../src/result.js'
import { makeReport, makeResult } from './reports.js'

const search = (driver: string, effort: string, p50: number, recall: number, note?: string) => ({
  ...makeResult('search', driver, { effort }, { p50Ms: once(p50), recall: once(recall) }),
  ...(note && { note }),
})
const filtered = (driver: string, point: Point, recall: number, p95: number) =>
  makeResult('filtered', driver, { sharePercent: 1, ...point }, { recall: once(recall), p95Ms: once(p95) })
const many = (driver: string, effort: string, rate: number) =>
  makeResult('concurrency', driver, { clients: 16, effort }, { searchesPerSecond: once(rate) })

describe("the README's table", () => {
  test('has a row for each effort that was measured under filters, side by side or by default', () => {
    const table = renderMarkdown(
      makeReport(
        [
          search('langchain', 'hnsw', 2, 0.973),
          search('langchain', 'hnsw, iterative scan', 3, 0.974),
          search('langchain', 'hnsw, ef 400', 9, 1),
          search('langchain', 'documented default', 60, 1, 'what its users get without asking'),
          many('langchain', 'hnsw', 800),
          filtered('langchain', { by: 'user', effort: 'hnsw' }, 0.044, 4),
          filtered('langchain', { by: 'user', effort: 'hnsw, iterative scan' }, 0.992, 40),
        ],
        ['langchain'],
      ),
    )
    expect(table).toMatch(/`langchain`, hnsw \| 0\.973 \| 2\.00 ms \| 800 \| 0\.044, 4\.00 ms \|/)
    expect(table).toMatch(
      /`langchain`, hnsw, iterative scan \| 0\.974 \| 3\.00 ms \| {2}\| 0\.992, 40\.0 ms \|/,
    )
    expect(table).toMatch(/`langchain`, documented default \| 1\.00 \| 60\.0 ms \| {2}\| {2}\|/)
    expect(table).not.toContain('ef 400')
  })

  test('shows under an effort nothing that was measured at another', () => {
    const table = renderMarkdown(
      makeReport(
        [
          search('funes', 'fast', 2, 0.97),
          search('funes', 'high', 5, 0.999, 'what its users get without asking'),
          many('funes', 'fast', 900),
          filtered('funes', { by: 'user', effort: 'high' }, 1, 12),
          filtered('funes', { by: 'topic', effort: 'high' }, 0.985, 30),
        ],
        ['funes'],
      ),
    )
    expect(table).toMatch(/`funes`, fast \| 0\.970 \| 2\.00 ms \| 900 \| {2}\| {2}\| {2}\|/)
    expect(table).toMatch(
      /`funes`, high \| 0\.999 \| 5\.00 ms \| {2}\| 1\.00, 12\.0 ms \| {2}\| 0\.985, 30\.0 ms \|/,
    )
  })

  test('tells what storing costs once for each driver', () => {
    const table = renderMarkdown(
      makeReport(
        [
          search('funes', 'fast', 2, 0.97, 'default'),
          search('funes', 'high', 5, 0.999, 'default'),
          makeResult('insert', 'funes', {}, { p50Ms: once(5.7) }),
          makeResult('bulk', 'funes', { mode: 'slow' }, { searchableRowsPerSecond: once(400) }),
          makeResult('bulk', 'funes', { mode: 'quick' }, { searchableRowsPerSecond: once(1200) }),
        ],
        ['funes'],
      ),
    )
    expect(table.match(/5\.70 ms \| 1,200 \|/g)).toHaveLength(1)
  })
})
