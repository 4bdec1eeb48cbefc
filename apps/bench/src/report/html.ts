import type { Driver } from '../drivers/driver.js'
import { aimsOf } from '../gate/aims.js'
import { check } from '../gate/gate.js'
import type { Report, Result } from '../result.js'
import type { Scenario } from '../run/context.js'
import { formatFigure, tableOf } from '../table.js'
import { colourOf } from './colours.js'
import { drawChart } from './draw.js'
import { foundingRows } from './founding.js'
import { STYLE } from './style.js'

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const swatch = (driver: string): string =>
  `<span class="swatch" style="background:${colourOf(driver)}"></span>${escapeHtml(driver)}`

function table(head: readonly string[], body: readonly (readonly string[])[], raw = 0): string {
  const cell = (text: string, i: number) => `<td>${i < raw ? text : escapeHtml(text)}</td>`
  return `<div class="scroll"><table><thead><tr>${head.map((title) => `<th>${escapeHtml(title)}</th>`).join('')}</tr></thead>
<tbody>${body.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody></table></div>`
}

function targets(report: Report): string {
  const { aims, isTheirSize } = aimsOf(report)
  const checks = check(report.results, aims)
  if (checks.length === 0) return ''
  const rows = checks.map(({ bound, at, value, kept }) => [
    `<span class="${kept ? 'kept' : 'missed'}">${kept ? 'met' : 'missed'}</span>`,
    bound.name,
    at,
    bound.against === undefined ? formatFigure(value) : `${formatFigure(value)} x ${bound.against}`,
    bound.atLeast === undefined ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`,
  ])
  return `<h2>Targets</h2>
<p>Set for memories of 384 dimensions on two cores, 100,000 and a million on a server or 10,000 in this process.${isTheirSize ? '' : ' This run has another size: here they only inform.'}</p>
${table(['', 'target', 'at', 'measured', 'bound'], rows, 1)}`
}

function founding(report: Report): string {
  const rows = foundingRows(report)
  if (rows.length === 0) return ''
  return `<h2>What was promised</h2>
${table(['', 'promised', 'measured', 'at'], rows)}`
}

function environment(report: Report): string {
  const { environment: at, config } = report
  const facts: [string, string][] = [
    ['measured', at.date],
    ['commit', at.commit ?? 'unknown'],
    ['machine', `${at.cpu}, ${at.cores} cores, ${at.memoryGb} GB, ${at.os}`],
    ['database', `${at.postgres}, pgvector ${at.pgvector}, ${at.engine}, on the machine of the client`],
    [
      'settings',
      Object.entries(at.settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
    [
      'client',
      `Node ${at.node}, ${Object.entries(at.packages)
        .map(([name, v]) => `${name} ${v}`)
        .join(', ')}`,
    ],
    ['load before the run', `${at.loadAverage.toFixed(2)} runnable processes`],
    [
      'data',
      `${config.rows.toLocaleString('en')} clustered unit vectors of ${config.dimensions} dimensions, seed ${config.seed}, ${config.queries} held-out queries, k = ${config.k}`,
    ],
    [
      'rounds',
      `${config.rounds}; figures are the median round, in brackets the extremes where they differ by more than a tenth`,
    ],
  ]
  return `<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join('\n')}</dl>`
}

function section(scenario: Scenario, results: readonly Result[]): string {
  if (results.length === 0) return ''
  const charts = scenario.charts(results).flatMap((chart) => {
    const svg = drawChart(chart)
    if (svg === null) return []
    const series = chart.kind === 'lines' ? [...new Set(chart.dots.map((dot) => dot.series))] : []
    const legend = series.length > 0 ? `<p class="legend">${series.map(swatch).join(' ')}</p>` : ''
    return [`<figure><figcaption>${escapeHtml(chart.title)}</figcaption>${legend}${svg}</figure>`]
  })
  const { head, body } = tableOf(results)
  const rows = body.map(([driver = '', ...rest]) => [swatch(driver), ...rest])
  return `<section id="${scenario.name}"><h2>${escapeHtml(scenario.title)}</h2>
<p>${escapeHtml(scenario.about)}</p>
<div class="charts">${charts.join('\n')}</div>
<details><summary>All figures</summary>${table(head, rows, 1)}</details></section>`
}

/** The page of a run: everything is in it, nothing is fetched. */
export function renderHtml(
  report: Report,
  { scenarios, drivers }: { scenarios: readonly Scenario[]; drivers: readonly Driver[] },
): string {
  const shown = drivers.filter(({ name }) => report.config.drivers.includes(name))
  const skipped = report.skipped.map(({ what, why }) => `${escapeHtml(what)}: ${escapeHtml(why)}`)
  const size = `${report.config.rows.toLocaleString('en')} memories of ${report.config.dimensions} dimensions`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Funes, measured</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Funes, measured</h1>
<p class="lead">${escapeHtml(size)}, ${report.environment.engine === 'server' ? `on ${escapeHtml(report.environment.postgres)}` : 'on the embedded engine'}.</p>
${table(
  ['driver', 'what it is'],
  shown.map(({ name, about }) => [swatch(name), escapeHtml(about)]),
  2,
)}
${skipped.length > 0 ? `<p>Left out: ${skipped.join('; ')}.</p>` : ''}
${founding(report)}
${targets(report)}
${scenarios
  .map((scenario) =>
    section(
      scenario,
      report.results.filter((result) => result.scenario === scenario.name),
    ),
  )
  .join('\n')}
<h2>Where and how</h2>
${environment(report)}
<p>Times are milliseconds unless a name says otherwise. clientCpuMs is the processor time of the client process for each call. The raw figures are in bench.json beside this page.</p>
</body>
</html>
`
}
