import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aimsCommand } from '../src/commands/aims.js'
import { writeBesidePage } from '../src/commands/page.js'
import { once } from '../src/measure/spread.js'
import { renderAims } from '../src/report/aims-table.js'
import type { Point, Report, Result } from '../src/result.js'
import { makeReport, makeResult } from './reports.js'

function runOf(results: readonly Result[], rows = 100_000, engine: 'server' | 'embedded' = 'server'): Report {
  const report = makeReport(results)
  return { ...report, environment: { ...report.environment, engine }, config: { ...report.config, rows } }
}

const tableOf = (results: readonly Result[], rows?: number) =>
  renderAims([{ name: 'server-100k', run: runOf(results, rows) }])

const filtered = (sharePercent: number, timesUnfiltered: number, recall = 1) =>
  makeResult(
    'filtered',
    'funes',
    { by: 'user', sharePercent },
    { recall: once(recall), shortShare: once(0), p95TimesUnfiltered: once(timesUnfiltered) },
  )

describe('the table of aims', () => {
  test('is met when every result meets the aim, and tells the one that is nearest to missing it', () => {
    const table = tableOf([filtered(50, 2.4), filtered(1, 1.1)])
    expect(table).toContain(
      '| p95 under a filter at most 2.5 of the unfiltered | 2.40 (by user, sharePercent 50) | server-100k | met |',
    )
  })

  test('is missed when one of many results misses it, and tells that one', () => {
    const table = tableOf([filtered(50, 2.4), filtered(35, 3.21), filtered(1, 1.1, 0.97)])
    expect(table).toMatch(/2\.5 of the unfiltered \| 3\.21 \(by user, sharePercent 35\).*\*\*missed\*\*/)
    expect(table).toMatch(
      /recall@10 of \.98 under every filter \| 0\.970 \(.*sharePercent 1\).*\*\*missed\*\*/,
    )
    expect(table).toMatch(/k rows under every filter: share of searches with fewer \| 0\.000.*\| met \|/)
  })

  test('has beside it what another scenario says of the same, which decides too', () => {
    const add = (scenario: string, driver: string, p50: number) =>
      makeResult(scenario, driver, scenario === 'overhead' ? { call: 'add' } : {}, { p50Ms: once(p50) })
    const table = tableOf([
      ...[add('overhead', 'funes', 5.5), add('overhead', 'pg', 5)],
      ...[add('insert', 'funes', 5.72), add('insert', 'pg', 4.32)],
    ])
    expect(table).toMatch(
      /within 1\.2 of the same statement \| 1\.10: 5\.50 against 5\.00 ms \(call add\); scenario `insert` 1\.32: 5\.72 against 4\.32 ms \| server-100k \| \*\*missed\*\* \|/,
    )
    expect(table).toMatch(/one add under 5 ms \| 5\.72 ms; `pg` 4\.32 ms.*\*\*missed\*\*/)
  })

  test('is not missed for what only helps to see it right', () => {
    const add = (driver: string, p50: number) => makeResult('insert', driver, {}, { p50Ms: once(p50) })
    expect(tableOf([add('funes', 4.9), add('pg', 5.2)])).toMatch(
      /one add under 5 ms \| 4\.90 ms; `pg` 5\.20 ms.*\| met \|/,
    )
  })

  test('holds searches of one user and by words to the same as those of all, at their slowest', () => {
    const search = (scenario: string, point: Point, p50: number) =>
      makeResult(scenario, 'funes', point, { p50Ms: once(p50) })
    const table = tableOf([
      search('search', { effort: 'high' }, 4.7),
      ...[50, 10, 1].map((sharePercent, i) =>
        search('filtered', { by: 'user', sharePercent, effort: 'high' }, [9.8, 12.7, 2][i] as number),
      ),
      search('filtered', { by: 'topic', sharePercent: 50, effort: 'high' }, 99),
      ...['hybrid', 'hybrid with context'].flatMap((mode) =>
        [10_000, 50_000].map((memories) =>
          search('hybrid', { mode, memories }, mode.length + 1e5 / memories),
        ),
      ),
    ])
    expect(table).toMatch(/under 10 ms, among the memories of all users \| 4\.70 ms .*\| met \|/)
    expect(table).toMatch(/among those of one user \| 12\.7 ms \(by user, sharePercent 10,.*\*\*missed\*\*/)
    expect(table).toMatch(
      /by meaning and words \| 16\.0 ms \(mode hybrid, memories 10,000\); with context 29\.0 ms \(mode hybrid with context, memories 10,000\).*\*\*missed\*\*/,
    )
  })

  test('says how busy the machine was', () => {
    const run = runOf([filtered(50, 2)])
    const at = (loadAverage: number) =>
      renderAims([{ name: 'a', run: { ...run, environment: { ...run.environment, loadAverage } } }])
    expect(at(0.3)).toMatch(/\nLoad average before the run: a 0\.30\.$/)
    expect(at(1.1)).toMatch(/a 1\.10 \(above 0\.5 others were using the cores/)
  })

  test('tells how far rounds lay apart', () => {
    const p99Ms = { median: 12.3, low: 6.8, high: 16.4 }
    const search = makeResult('search', 'funes', { effort: 'high' }, { p99Ms })
    expect(tableOf([search], 1_000_000)).toMatch(/12\.3 ms \(6\.80 to 16\.4 by round\).*\*\*missed\*\*/)
  })

  test('takes a figure that is no number for missed', () => {
    expect(tableOf([filtered(50, 1, Number.NaN)])).toMatch(/under every filter \| - .*\*\*missed\*\*/)
  })

  test('says nothing of runs at sizes that no aim is for, and is refused without any other', () => {
    expect(() => tableOf([filtered(50, 1)], 16_000)).toThrow(RangeError)
  })

  test('holds the embedded engine to its own aims', () => {
    const open = makeResult('cold-start', 'funes', {}, { openMs: once(1600) })
    const run = runOf([open, filtered(50, 1)], 10_000, 'embedded')
    const table = renderAims([{ name: 'embedded-10k', run }])
    expect(table).toMatch(/embedded, warm open under 1\.5 s \| 1,600 ms \| embedded-10k \| \*\*missed\*\*/)
    expect(table).toMatch(/embedded, recall@10 of \.98 under every filter \|.*\| met \|/)
  })
})

describe('commands', () => {
  let folder = ''
  const at = (name: string) => join(folder, name)
  const page = 'before\n<!-- aims:start -->\nwritten by hand: met\n<!-- aims:end -->\nafter'
  const modes = (hybrid: number) =>
    Object.entries({ vector: 0.7, text: 0.5, hybrid }).map(([mode, recall]) => ({
      ...{ mode, evidenceRecall: { 5: recall, 10: recall, 20: recall } },
    }))
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'funes-aims-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('aims writes between the marks what all runs say, and which they were', async () => {
    writeFileSync(at('a.json'), JSON.stringify(runOf([filtered(50, 3)])))
    writeFileSync(at('retrieval.json'), JSON.stringify({ questions: 175, modes: modes(0.8) }))
    writeFileSync(at('page.md'), page)
    await aimsCommand({}, [at('a.json'), at('retrieval.json'), at('page.md')])
    const text = readFileSync(at('page.md'), 'utf8')
    expect(text).toMatch(/^before\n<!-- aims:start a\.json retrieval\.json -->\n\| aim \|/)
    expect(text).not.toContain('by hand')
    expect(text).toContain('| a | **missed** |')
    expect(text).toMatch(/a tenth more .* \| 1\.14: 0\.800 against 0\.700 \| retrieval \| met \|/)
    expect(text).toMatch(/<!-- aims:end -->\nafter$/)
  })

  test('aims refuses what holds no run', async () => {
    writeFileSync(at('a.json'), '{}')
    await expect(aimsCommand({}, [at('a.json')])).rejects.toThrow(RangeError)
    await expect(aimsCommand({}, [])).rejects.toThrow(RangeError)
  })

  test('a page gets its table, and its JSON beside it; one without marks gets neither', () => {
    writeFileSync(at('retrieval.md'), '<!-- retrieval:start -->\n<!-- retrieval:end -->\n')
    writeBesidePage(at('retrieval.md'), 'retrieval', '| table |', { questions: 3 })
    expect(readFileSync(at('retrieval.md'), 'utf8')).toBe(
      '<!-- retrieval:start retrieval.json -->\n| table |\n<!-- retrieval:end -->\n',
    )
    expect(JSON.parse(readFileSync(at('retrieval.json'), 'utf8'))).toEqual({ questions: 3 })
    writeFileSync(at('other.md'), 'no marks')
    expect(() => writeBesidePage(at('other.md'), 'retrieval', '| table |', {})).toThrow(RangeError)
    expect(() => readFileSync(at('other.json'))).toThrow()
  })
})
