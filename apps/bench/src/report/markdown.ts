import type { Report, Result } from '../result.js'
import { formatFigure } from '../table.js'
import { foundingRows } from './founding.js'

function find(report: Report, scenario: string, driver: string, where: Record<string, unknown> = {}) {
  return report.results.find(
    (result) =>
      result.scenario === scenario &&
      result.driver === driver &&
      Object.entries(where).every(([key, value]) => result.point[key] === value),
  )
}

const figure = (result: Result | undefined, name: string, unit = '') => {
  const value = result?.figures[name]?.median
  return value === undefined ? '' : `${formatFigure(value)}${unit}`
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** A driver's searches at the effort at which drivers are compared: the quickest that reaches the recall floor. */
function comparable(report: Report, driver: string): Result | undefined {
  const effort = find(report, 'concurrency', driver)?.point.effort
  if (effort !== undefined) return find(report, 'search', driver, { effort })
  const cost = (result: Result) => result.figures.p50Ms?.median ?? Number.POSITIVE_INFINITY
  return report.results
    .filter(({ scenario, driver: d }) => scenario === 'search' && d === driver)
    .filter(({ figures }) => (figures.recall?.median ?? 0) >= report.config.recallFloor)
    .sort((a, b) => cost(a) - cost(b))[0]
}

/** The README's table: what of a run fits on one screen, every cell out of the run's JSON. */
export function renderMarkdown(report: Report): string {
  const { config, environment } = report
  const clients = config.clients.includes(16) ? 16 : Math.max(...config.clients)
  const head = [
    '',
    'recall@10',
    'search p50',
    `searches/s, ${clients} clients`,
    'recall, 1 % user',
    'add p50',
    'rows/s to searchable',
  ]
  const body = config.drivers.map((driver) => {
    const loads = report.results.filter(({ scenario, driver: d }) => scenario === 'bulk' && d === driver)
    const load = loads.reduce<Result | undefined>(
      (best, one) =>
        (one.figures.searchableRowsPerSecond?.median ?? 0) >
        (best?.figures.searchableRowsPerSecond?.median ?? 0)
          ? one
          : best,
      undefined,
    )
    const searched = comparable(report, driver)
    return row([
      `\`${driver}\`, ${searched?.point.effort ?? ''}`,
      figure(searched, 'recall'),
      figure(searched, 'p50Ms', ' ms'),
      figure(find(report, 'concurrency', driver, { clients }), 'searchesPerSecond'),
      figure(find(report, 'filtered', driver, { by: 'user', sharePercent: 1 }), 'recall'),
      figure(find(report, 'insert', driver), 'p50Ms', ' ms'),
      figure(load, 'searchableRowsPerSecond'),
    ])
  })
  const where = `${config.rows.toLocaleString('en')} memories of ${config.dimensions} dimensions, ${environment.postgres}, pgvector ${environment.pgvector}, ${environment.cores} cores, client on the same machine, ${environment.date.slice(0, 10)}`
  const founding = foundingRows(report)
  const founded = [['', 'promised', 'measured', 'at'], ['---', '---', '---', '---'], ...founding].map(row)
  return [
    ...[row(head), row(head.map(() => '---')), ...body],
    ...(founding.length > 0 ? ['', ...founded] : []),
    ...['', where],
  ].join('\n')
}

const START = '<!-- bench:start -->'
const END = '<!-- bench:end -->'

/**
 * Puts the table between the marks of a Markdown text.
 *
 * @throws RangeError when it has no such marks
 */
export function replaceTable(text: string, table: string): string {
  const start = text.indexOf(START)
  const end = text.indexOf(END)
  if (start < 0 || end < start) throw new RangeError(`There is no ${START} ... ${END} to write between.`)
  return `${text.slice(0, start + START.length)}\n${table}\n${text.slice(end)}`
}
