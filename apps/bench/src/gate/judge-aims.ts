import type { Report, Spread } from '../result.js'
import { formatFigure } from '../table.js'
import { type Aim, aimsOf } from './aims.js'
import { type Check, check } from './gate.js'

/** What is told beside an aim: the worst result of another scenario or driver. */
export interface JudgedBeside {
  readonly called: string | undefined
  readonly worst: Check
}

/** An aim, what a run says of it, and whether it was met: by every result that speaks to it. */
export interface JudgedAim {
  readonly name: string
  /** The result that is furthest from the aim or, where all meet it, nearest to missing it. */
  readonly worst: Check
  readonly beside: readonly JudgedBeside[]
  readonly isMet: boolean
}

function worstOf(checks: readonly Check[], { atLeast }: Aim): Check {
  const sign = atLeast === undefined ? 1 : -1
  // A figure that is no number is the worst of all.
  const badness = ({ value }: Check) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value)
  return checks.reduce((worst, one) => (badness(one) > badness(worst) ? one : worst))
}

/** Holds a run against the aims for its engine and size; an aim that it measured nothing for is left out. */
export function judgeAims(report: Report): JudgedAim[] {
  return aimsOf(report).aims.flatMap((aim): JudgedAim[] => {
    const checks = check(report.results, [aim])
    if (checks.length === 0) return []
    const beside = (aim.beside ?? []).flatMap(({ called, ...other }) => {
      const { atLeast, atMost } = aim
      const bound = {
        ...other,
        name: aim.name,
        ...(atLeast !== undefined && { atLeast }),
        ...(atMost !== undefined && { atMost }),
      }
      const found = check(report.results, [bound])
      return found.length === 0 ? [] : [{ called, worst: worstOf(found, aim) }]
    })
    const alsoDecide = beside.filter(
      ({ called, worst }) => called === undefined && worst.bound.driver === aim.driver,
    )
    const isMet = [...checks, ...alsoDecide.map(({ worst }) => worst)].every(({ kept }) => kept)
    return [{ name: aim.name, worst: worstOf(checks, aim), beside, isMet }]
  })
}

const UNITS: Readonly<Record<string, string>> = {
  p50Ms: ' ms',
  p99Ms: ' ms',
  openMs: ' ms',
  ms: ' ms',
  buildSeconds: ' s',
  indexSeconds: ' s',
  rowsPerSecond: ' rows/s',
  searchableRowsPerSecond: ' rows/s',
  searchesPerSecond: ' searches/s',
}

function spreadInWords({ median, low, high }: Spread, unit: string): string {
  const strayed = high - low > 0.1 * Math.abs(median)
  const range = strayed ? ` (${formatFigure(low)} to ${formatFigure(high)} by round)` : ''
  return `${formatFigure(median)}${unit}${range}`
}

/** A figure as the table has it: a ratio with what it is made of. */
export function measuredInWords({ bound, value, own, other }: Check): string {
  const unit = UNITS[bound.figure] ?? ''
  if (other === undefined) return spreadInWords(own, unit)
  return `${formatFigure(value)}: ${formatFigure(own.median)} against ${formatFigure(other.median)}${unit}`
}
