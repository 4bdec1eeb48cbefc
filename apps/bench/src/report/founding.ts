import type { Report, Result } from '../result.js'
import { formatFigure } from '../table.js'

interface Claim {
  readonly what: string
  readonly promised: string
  readonly scenario: string
  readonly figure: string
  readonly unit: string
  /** Which of Funes's results speaks to it. */
  pick(results: readonly Result[]): Result | undefined
}

const last = (results: readonly Result[]) => results.at(-1)
const most = (figure: string) => (results: readonly Result[]) =>
  [...results].sort((a, b) => (b.figures[figure]?.median ?? 0) - (a.figures[figure]?.median ?? 0))[0]

/** What the project promised when it began. */
const PROMISES: readonly Claim[] = [
  {
    ...{ what: 'search by meaning, of all users', promised: 'under 10 ms', scenario: 'search' },
    ...{
      figure: 'p50Ms',
      unit: 'ms',
      pick: (results) => results.find(({ point }) => point.effort === 'high'),
    },
  },
  {
    ...{ what: 'search by meaning, of one user', promised: 'under 10 ms', scenario: 'filtered' },
    ...{ figure: 'p50Ms', unit: 'ms' },
    pick: (results) => most('p50Ms')(results.filter(({ point }) => point.by === 'user')),
  },
  {
    ...{ what: 'search by meaning and words', promised: 'under 10 ms', scenario: 'hybrid', figure: 'p50Ms' },
    ...{
      unit: 'ms',
      pick: (results) => most('p50Ms')(results.filter(({ point }) => point.mode === 'hybrid')),
    },
  },
  {
    ...{ what: 'storing a memory', promised: 'under 5 ms', scenario: 'insert', figure: 'p50Ms', unit: 'ms' },
    pick: last,
  },
  {
    ...{ what: 'throughput', promised: '50 searches a second', scenario: 'concurrency' },
    ...{ figure: 'searchesPerSecond', unit: 'searches a second' },
    pick: (results) =>
      results.find(({ point }) => point.clients === 16) ?? most('searchesPerSecond')(results),
  },
  {
    ...{ what: 'building the index', promised: '1 minute for each 10,000', scenario: 'index-build' },
    ...{ figure: 'secondsPer10k', unit: 's for each 10,000', pick: last },
  },
]

/** Each founding figure with the one measured, at its worst point where there are several, as rows: what, promised, measured, where. */
export function foundingRows(report: Report): string[][] {
  return PROMISES.flatMap(({ what, promised, scenario, figure, unit, pick }) => {
    const own = report.results.filter((one) => one.scenario === scenario && one.driver === 'funes')
    const result = pick(own)
    const value = result?.figures[figure]?.median
    if (result === undefined || value === undefined) return []
    const at = Object.entries(result.point)
      .map(([key, place]) => `${key} ${typeof place === 'number' ? place.toLocaleString('en') : place}`)
      .join(', ')
    const recall = result.figures.recall ? `, recall ${formatFigure(result.figures.recall.median)}` : ''
    return [[what, promised, `${formatFigure(value)} ${unit}${recall}`, at]]
  })
}
