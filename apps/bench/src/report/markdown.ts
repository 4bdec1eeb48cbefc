import type { Report, Result } from '../result.js'
import { formatFigure } from '../table.js'
import { foundingRows } from './founding.js'
import { loadInWords } from './load.js'

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

/** The 1 % that a cell about filters is of. */
const PERCENT = 1

/**
 * What a driver gives without asking, what drivers are compared at, and what was measured under filters: a row for each,
 * so that no cell is of another effort than its row says.
 */
function effortsOf(report: Report, driver: string): Result[] {
  const isUsed = ({ note, point: { effort } }: Result) =>
    note !== undefined ||
    ['concurrency', 'filtered'].some((scenario) => find(report, scenario, driver, { effort }) !== undefined)
  return report.results.filter((one) => one.scenario === 'search' && one.driver === driver && isUsed(one))
}

/** Recall within one per cent of all rows, and how long the slower searches there take. */
function underFilter(report: Report, driver: string, by: string, effort: unknown): string {
  const result = find(report, 'filtered', driver, { by, sharePercent: PERCENT, effort })
  return result === undefined ? '' : `${figure(result, 'recall')}, ${figure(result, 'p95Ms', ' ms')}`
}

/** The driver's way of storing many that is soonest searchable. */
function quickestLoad(report: Report, driver: string): Result | undefined {
  const speed = (one: Result | undefined) => one?.figures.searchableRowsPerSecond?.median ?? 0
  return report.results
    .filter((one) => one.scenario === 'bulk' && one.driver === driver)
    .reduce<Result | undefined>((best, one) => (speed(one) > speed(best) ? one : best), undefined)
}

/** The README's table: what of a run fits on one screen, every cell out of the run's JSON. */
export function renderMarkdown(report: Report): string {
  const { config, environment } = report
  const clients = config.clients.includes(16) ? 16 : Math.max(...config.clients)
  const head = [
    '',
    `recall@${config.k}`,
    'search p50',
    `searches/s, ${clients} clients`,
    ...['user', 'label', 'topic'].map((what) => `1 % ${what}: recall, p95`),
    'add p50',
    'rows/s to searchable',
  ]
  const body = config.drivers.flatMap((driver) =>
    effortsOf(report, driver).map((searched, i) => {
      const { effort } = searched.point
      const isFirst = i === 0
      return row([
        `\`${driver}\`, ${effort}`,
        figure(searched, 'recall'),
        figure(searched, 'p50Ms', ' ms'),
        figure(find(report, 'concurrency', driver, { clients, effort }), 'searchesPerSecond'),
        ...['user', 'metadata', 'topic'].map((by) => underFilter(report, driver, by, effort)),
        // Storing knows no effort: it is told once.
        isFirst ? figure(find(report, 'insert', driver), 'p50Ms', ' ms') : '',
        isFirst ? figure(quickestLoad(report, driver), 'searchableRowsPerSecond') : '',
      ])
    }),
  )
  const where = `${config.rows.toLocaleString('en')} memories of ${config.dimensions} dimensions, ${environment.postgres}, pgvector ${environment.pgvector}, ${environment.cores} cores, client on the same machine, ${environment.date.slice(0, 10)}, load average before the run ${loadInWords([{ load: environment.loadAverage }])}`
  const founding = foundingRows(report)
  const founded = [['', 'promised', 'measured', 'at'], ['---', '---', '---', '---'], ...founding].map(row)
  return [
    ...[row(head), row(head.map(() => '---')), ...body],
    ...(founding.length > 0 ? ['', ...founded] : []),
    ...['', where],
  ].join('\n')
}
