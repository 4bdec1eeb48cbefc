import { harmless, pad, textWidth, truncate } from './text-width.js'

export interface Column<Row> {
  readonly title: string
  of(row: Row): string | number | null | undefined
  readonly align?: 'right'
  /** Gives way where a line would be too long. One column may. */
  readonly flexible?: true
}

const GAP = '  '
/** With less than this a column says nothing; values then stand below each other. */
const MIN_FLEXIBLE = 16

const cellText = (value: string | number | null | undefined) =>
  harmless(typeof value === 'number' ? value.toLocaleString('en-US') : (value ?? '-'))

/** Each row as lines of title and value, for where a table would be wider than the terminal. */
function drawRecords(titles: readonly string[], cells: readonly string[][], width: number): string[] {
  const left = Math.max(...titles.map(textWidth))
  return cells.flatMap((row, i) => [
    ...(i === 0 ? [] : ['']),
    ...row.map((cell, j) => truncate(`${pad(titles[j] as string, left, 'left')}${GAP}${cell}`, width)),
  ])
}

/** A table as lines of at most `width` columns; `Infinity` where nothing is to be cut. */
export function drawTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): string[] {
  const titles = columns.map(({ title }) => title)
  const cells = rows.map((row) => columns.map((column) => cellText(column.of(row))))
  const widths = titles.map((title, j) =>
    Math.max(textWidth(title), ...cells.map((row) => textWidth(row[j] as string))),
  )
  const excess = widths.reduce((sum, w) => sum + w, GAP.length * (widths.length - 1)) - width
  if (excess > 0) {
    const flexible = columns.findIndex((column) => column.flexible)
    const left = (widths[flexible] ?? 0) - excess
    if (flexible === -1 || left < MIN_FLEXIBLE) return drawRecords(titles, cells, width)
    widths[flexible] = left
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, j) => {
        const columnWidth = widths[j] as number
        return pad(truncate(cell, columnWidth), columnWidth, columns[j]?.align ?? 'left')
      })
      .join(GAP)
      .trimEnd()
  return [line(titles), widths.map((w) => '-'.repeat(Math.min(w, width))).join(GAP), ...cells.map(line)]
}

/** Names and values below each other. */
export function drawFacts(
  facts: readonly (readonly [name: string, value: string | number | null | undefined])[],
  width: number,
): string[] {
  const left = Math.max(0, ...facts.map(([name]) => textWidth(name)))
  return facts.map(([name, value]) =>
    truncate(`${pad(name, left, 'left')}${GAP}${cellText(value)}`.trimEnd(), width),
  )
}
