import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Chart, Dot } from '../run/context.js'
import { formatFigure } from '../table.js'
import { colourOf } from './colours.js'

const { document } = parseHTML('<!doctype html><html><body></body></html>')

/** An SVG element, of which only the text is wanted: the compiler knows no DOM here. */
interface Drawn {
  readonly outerHTML: string
}

const WIDTH = 560
const HEIGHT = 320

/** A share of calls on an axis where 90, 99 and 99.9 % stand equally far apart. */
const nines = (percentile: number): number => -Math.log10(1 - percentile / 100)
const NINES_TICKS = [10, 50, 90, 99, 99.9]

function lines(chart: Chart): Drawn {
  const { x, y } = chart
  const dots = x.percentile ? chart.dots.filter((dot) => Number(dot.x) < 100) : chart.dots
  const place = (dot: Dot): number => (x.percentile ? nines(Number(dot.x)) : Number(dot.x))
  const sizes = [...new Set(dots.map(({ x }) => Number(x)))].sort((a, b) => a - b)
  const data = dots.map((dot) => ({ ...dot, x: place(dot), y: y.log ? Math.max(dot.y, 1e-6) : dot.y }))
  // Few sizes were measured: the axis names just those.
  const ownTicks = x.log && sizes.length <= 8 && sizes.every((size) => Number.isInteger(size))
  const title = (dot: Dot) =>
    `${dot.series}${dot.label ? `, ${dot.label}` : ''}: ${x.label} ${formatFigure(Number(dot.x))}, ${y.label} ${formatFigure(dot.y)}`
  return Plot.plot({
    document: document as never,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 56,
    marginRight: 24,
    marginBottom: 44,
    x: {
      label: x.label,
      type: x.log && !x.percentile ? 'log' : 'linear',
      ...(x.percentile && {
        ticks: NINES_TICKS.map(nines).filter((at) => isWithin(at, data)),
        tickFormat: (value: number) => formatPercentile(100 * (1 - 10 ** -value)),
      }),
      ...(ownTicks && { ticks: sizes, tickFormat: (value: number) => compact(value) }),
      ...(x.log && !ownTicks && { tickFormat: isNarrow(data.map((dot) => dot.x)) ? compact : tick }),
    },
    y: {
      label: y.label,
      grid: true,
      type: y.log ? 'log' : 'linear',
      ...(y.log && { tickFormat: isNarrow(data.map((dot) => dot.y)) ? compact : tick }),
      ...(y.from !== undefined && { domain: [y.from, Math.max(1, ...data.map((dot) => dot.y))] }),
    },
    marks: [
      Plot.line(data, {
        x: 'x',
        y: 'y',
        z: 'series',
        stroke: (dot: Dot) => colourOf(dot.series),
        strokeWidth: 1.8,
      }),
      Plot.dot(data, {
        x: 'x',
        y: 'y',
        r: 3.2,
        fill: (dot: Dot) => colourOf(dot.series),
        title: (_, i) => title(dots[i] as Dot),
      }),
      Plot.text(
        data.filter(({ isLabelled }) => isLabelled),
        { x: 'x', y: 'y', text: 'label', dy: 12, fontSize: 9, fill: (dot: Dot) => colourOf(dot.series) },
      ),
    ],
  }) as unknown as Drawn
}

/** A tick beyond what was measured would stand outside of the picture. */
function isWithin(at: number, data: readonly { x: number }[]): boolean {
  const places = data.map(({ x }) => x)
  return at >= Math.min(...places) && at <= Math.max(...places)
}

function bars(chart: Chart): Drawn {
  const data = chart.dots.map((dot) => ({ ...dot, text: formatFigure(dot.y) }))
  return Plot.plot({
    document: document as never,
    width: WIDTH,
    height: 56 + 30 * data.length,
    marginBottom: 40,
    marginLeft: 24 + 7 * Math.max(...data.map(({ x }) => String(x).length)),
    marginRight: 60,
    x: { label: chart.x.label, grid: true },
    y: { label: null, domain: data.map(({ x }) => x) },
    marks: [
      Plot.barX(data, {
        x: 'y',
        y: 'x',
        fill: (dot: Dot) => colourOf(dot.series),
        insetTop: 3,
        insetBottom: 3,
      }),
      Plot.text(data, { x: 'y', y: 'x', text: 'text', dx: 6, textAnchor: 'start' }),
      Plot.ruleX([0]),
    ],
  }) as unknown as Drawn
}

function formatPercentile(percentile: number): string {
  return `${Number(percentile.toFixed(2))} %`
}

/** Within one power of ten there is room for every label. */
function isNarrow(values: readonly number[]): boolean {
  return Math.max(...values) / Math.min(...values) < 10
}

/** 1, 2 and 5 of each power of ten carry a label; more would run into each other. */
function tick(value: number): string {
  const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9)
  return [1, 2, 5].includes(Math.round(digit * 1000) / 1000) ? compact(value) : ''
}

function compact(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  if (value >= 1e3) return `${value / 1e3}K`
  return String(Number(value.toPrecision(3)))
}

/** Draws a chart as SVG text. Null when there is nothing to draw. */
export function drawChart(chart: Chart): string | null {
  const dots = chart.dots.filter(({ y }) => Number.isFinite(y))
  if (dots.length === 0) return null
  return (chart.kind === 'lines' ? lines : bars)({ ...chart, dots }).outerHTML
}
