import type { Result, Spread } from './result.js'

/** A figure as people read it: three digits that matter. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en')
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  if (size >= 1) return value.toFixed(2)
  return value.toFixed(3)
}

/** The median, and how far rounds strayed from it when they did by more than a tenth. */
function formatSpread({ median, low, high }: Spread): string {
  const strayed = median !== 0 && Math.max(median - low, high - median) / Math.abs(median) > 0.1
  return strayed
    ? `${formatFigure(median)} (${formatFigure(low)} to ${formatFigure(high)})`
    : formatFigure(median)
}

/** Columns of a scenario's results: what was varied first, then the figures. */
export function tableOf(results: readonly Result[]): { head: string[]; body: string[][] } {
  const keys = [...new Set(results.flatMap(({ point }) => Object.keys(point)))]
  const figures = [...new Set(results.flatMap((result) => Object.keys(result.figures)))]
  return {
    head: ['driver', ...keys, ...figures],
    body: results.map((result) => [
      result.driver,
      ...keys.map((key) => {
        const value = result.point[key]
        return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '')
      }),
      ...figures.map((name) => {
        const figure = result.figures[name]
        return figure === undefined ? '' : formatSpread(figure)
      }),
    ]),
  }
}

/** The same as lines of text. */
export function printTable(results: readonly Result[]): string {
  const { head, body } = tableOf(results)
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n')
}
