import { describe, expect, test } from 'vitest'
import { once } from '../src/measure/spread.js'
import { drawChart } from '../src/report/draw.js'
import { renderHtml } from '../src/report/html.js'
import { loadDrivers, loadScenarios, select } from '../src/run/discover.js'
import { makeReport, makeResult } from './reports.js'

describe('report', () => {
  test('is one page that fetches nothing', async () => {
    const results = ['funes', 'pg'].map((driver) =>
      makeResult('search', driver, { effort: 'high' }, { recall: once(0.99), p50Ms: once(3) }),
    )
    const page = renderHtml(makeReport(results), {
      scenarios: await loadScenarios(),
      drivers: await loadDrivers(),
    })
    expect(page).toContain('<svg')
    expect(page).toContain('a &lt;fast&gt; one')
    expect(page).not.toMatch(/<script|<link|src=|url\(|@import/)
    for (const [address] of page.matchAll(/https?:[^"'\s<]*/g))
      expect(address).toMatch(/^http:\/\/www\.w3\.org\//)
  })

  test('draws a bar for each result', () => {
    const svg = drawChart({
      ...{ kind: 'bars', title: '', x: { label: 'ms' }, y: { label: '' } },
      dots: [
        { series: 'funes', x: 'funes', y: 3 },
        { series: 'pg', x: 'pg', y: 2 },
      ],
    })
    expect(svg?.match(/<rect/g)).toHaveLength(2)
  })

  test('leaves out a chart that has nothing to show', () => {
    const look = { kind: 'lines', title: '', x: { label: '' }, y: { label: '' } } as const
    expect(drawChart({ ...look, dots: [] })).toBeNull()
    expect(drawChart({ ...look, dots: [{ series: 'a', x: 1, y: Number.NaN }] })).toBeNull()
  })
})

describe('discovery', () => {
  test('finds every scenario and driver that has a file, Funes first', async () => {
    const drivers = await loadDrivers()
    expect(drivers[0]?.name).toBe('funes')
    expect(drivers.map(({ name }) => name)).toEqual(expect.arrayContaining(['pg', 'mastra', 'langchain']))
    expect((await loadScenarios())[0]?.name).toBe('search')
  })

  test('a name that there is none of is refused with those that there are', () => {
    expect(() => select([{ name: 'a' }, { name: 'b' }], ['c'])).toThrow(/no c; there are a, b/)
  })
})
