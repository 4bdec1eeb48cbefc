import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { once } from '../src/measure/spread.js'
import { renderHtml } from '../src/report/html.js'
import { loadDrivers, loadScenarios } from '../src/run/discover.js'
import { coloursOf } from './png.js'
import { makeReport, makeResult } from './reports.js'

function findChromium(): string | undefined {
  return ['chromium', 'chromium-browser', 'google-chrome'].find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

const chromium = findChromium()

/** Runs in the page: what a person would see at a glance to be wrong. */
const EXAMINE = `
  const box = (element) => element.getBoundingClientRect()
  const charts = [...document.querySelectorAll('figure svg')]
  const cut = charts.flatMap((svg) => {
    const outer = box(svg)
    return [...svg.querySelectorAll('text')]
      .filter((text) => text.textContent.trim() !== '')
      .filter((text) => {
        const inner = box(text)
        return inner.left < outer.left - 2 || inner.right > outer.right + 2 || inner.bottom > outer.bottom + 2
      })
      .map((text) => text.textContent)
  })
  document.body.dataset.examined = JSON.stringify({
    charts: charts.length,
    empty: charts.filter((svg) => box(svg).width < 100 || box(svg).height < 50).length,
    cut,
    marks: document.querySelectorAll('svg circle, svg rect').length,
    overflow: document.documentElement.scrollWidth - window.innerWidth,
  })`

interface Examined {
  readonly charts: number
  readonly empty: number
  readonly cut: readonly string[]
  readonly marks: number
  readonly overflow: number
}

describe.skipIf(chromium === undefined)('the page in a real browser', () => {
  let folder = ''
  let page = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'funes-page-'))
    const search = (driver: string, effort: string, p50: number, recall: number) => ({
      ...makeResult('search', driver, { effort }, { recall: once(recall), p50Ms: once(p50) }),
      ...{
        note: 'default',
        percentiles: [50, 90, 99].map((percentile) => ({ percentile, ms: p50 + percentile / 9 })),
      },
    })
    const insert = (driver: string, p50: number) =>
      makeResult('insert', driver, { rows: 6_000 }, { p50Ms: once(p50), foundShare: once(1) })
    page = renderHtml(
      makeReport([
        ...[search('funes', 'fast', 2.4, 0.978), search('funes', 'high', 5.5, 0.999)],
        ...[search('pg', 'fast', 2, 0.978), search('pg', 'high', 5.2, 0.999)],
        ...[insert('funes', 5.7), insert('pg', 4.3)],
      ]),
      { scenarios: await loadScenarios(), drivers: await loadDrivers() },
    )
    writeFileSync(join(folder, 'bench.html'), page)
    writeFileSync(
      join(folder, 'examined.html'),
      page.replace('</body>', `<script>${EXAMINE}</script></body>`),
    )
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

  async function browse(file: string, ...options: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(
      chromium as string,
      [
        ...[
          '--headless=new',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-dev-shm-usage',
          '--hide-scrollbars',
        ],
        // Whatever it would fetch is not there.
        ...['--host-resolver-rules=MAP * ~NOTFOUND', '--window-size=1280,2400'],
        ...[`--user-data-dir=${join(folder, 'profile')}`, ...options, `file://${join(folder, file)}`],
      ],
      { maxBuffer: 2 ** 26 },
    )
    return stdout
  }

  test('has every chart, no label cut off, and is no wider than the window', async () => {
    const dom = await browse('examined.html', '--dump-dom')
    const [, attribute = ''] = /data-examined="([^"]*)"/.exec(dom) ?? []
    const examined = JSON.parse(attribute.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as Examined
    expect(examined).toMatchObject({ empty: 0, cut: [] })
    expect(examined.charts).toBe(page.match(/<figure>/g)?.length)
    expect(examined.charts).toBeGreaterThanOrEqual(3)
    expect(examined.marks).toBeGreaterThanOrEqual(6)
    expect(examined.overflow).toBeLessThanOrEqual(0)
  })

  test('shows what was measured in the colours of its drivers', async () => {
    const picture = join(folder, 'bench.png')
    await browse('bench.html', `--screenshot=${picture}`)
    const pixels = coloursOf(readFileSync(picture))
    // Of 3 million pixels: two bars, lines and dots for each.
    expect(pixels.get('d55e00')).toBeGreaterThan(2_000)
    expect(pixels.get('0072b2')).toBeGreaterThan(2_000)
    expect(pixels.get('ffffff')).toBeGreaterThan(1_000_000)
    expect(pixels.size).toBeGreaterThan(20)
  })
})
