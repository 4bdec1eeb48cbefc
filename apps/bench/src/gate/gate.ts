import type { Report, Result, Spread } from '../result.js'
import { formatFigure } from '../table.js'
import type { Bound } from './bound.js'
import { GATE } from './bounds.js'

export interface Check {
  readonly bound: Bound
  /** The point that was held against the bound, in words. */
  readonly at: string
  readonly value: number
  readonly own: Spread
  /** The other driver's figure, where the value is a ratio. */
  readonly other?: Spread
  readonly kept: boolean
}

export const loadFloors = (): readonly Bound[] => GATE

function matches(result: Result, where: Bound['where'] = {}): boolean {
  return Object.entries(where).every(([key, value]) => result.point[key] === value)
}

/** What each driver names in its own way. */
const OWN_NAMES = ['effort', 'mode', 'index']

/** The other driver's result at the same point, but for what it names otherwise. */
function counterpart(results: readonly Result[], result: Result, driver: string): Result | undefined {
  const others = results.filter((other) => other.scenario === result.scenario && other.driver === driver)
  const agrees = (other: Result, keys: readonly string[]) =>
    keys.every((key) => other.point[key] === result.point[key])
  const keys = Object.keys(result.point)
  return (
    others.find((other) => agrees(other, keys)) ??
    others.find((other) =>
      agrees(
        other,
        keys.filter((key) => !OWN_NAMES.includes(key)),
      ),
    )
  )
}

/** Holds results against bounds. A bound whose scenario or driver did not run gives no check. */
export function check(results: readonly Result[], bounds: readonly Bound[]): Check[] {
  return bounds.flatMap((bound) =>
    results
      .filter(({ scenario, driver }) => scenario === bound.scenario && driver === bound.driver)
      .filter((result) => matches(result, bound.where))
      .flatMap((result): Check[] => {
        const own = result.figures[bound.figure]
        if (own === undefined) return []
        const other =
          bound.against === undefined
            ? undefined
            : counterpart(results, result, bound.against)?.figures[bound.figure]
        if (bound.against !== undefined && other === undefined) return []
        const value = other === undefined ? own.median : own.median / other.median
        const kept =
          Number.isFinite(value) &&
          value >= (bound.atLeast ?? -Infinity) &&
          value <= (bound.atMost ?? Infinity)
        const at = Object.entries(result.point)
          .map(([key, place]) => `${key} ${typeof place === 'number' ? place.toLocaleString('en') : place}`)
          .join(', ')
        return [{ bound, at, value, own, ...(other && { other }), kept }]
      }),
  )
}

function describeCheck({ bound, at, value, kept }: Check): string {
  const unit = bound.against === undefined ? '' : ` x ${bound.against}`
  const limit = bound.atLeast === undefined ? `at most ${bound.atMost}` : `at least ${bound.atLeast}`
  const isBroken = !kept && !bound.isKeptByOne
  return `${kept ? 'kept  ' : isBroken ? 'BROKEN' : '-     '}  ${bound.name} (${at}): ${formatFigure(value)}${unit}, ${limit}`
}

/** Whether the run was to measure what the bound is about. */
function isExpected({ scenario, driver, against }: Bound, { isWhole, config }: Report): boolean {
  const hasDriver = (name: string | undefined) => name === undefined || config.drivers.includes(name)
  return isWhole || (config.scenarios.includes(scenario) && hasDriver(driver) && hasDriver(against))
}

/**
 * The gate's verdict; `print` says it and returns an exit code. A bound that the run was to measure and that nothing
 * was held against is broken: a renamed figure must not open the gate.
 */
export function verdictOf(report: Report, bounds: readonly Bound[]) {
  const checks = check(report.results, bounds)
  const unjudged = bounds
    .filter((bound) => isExpected(bound, report))
    .filter((bound) => !checks.some((one) => one.bound === bound))
  const keptByNone = bounds.filter((bound) => {
    const own = checks.filter((one) => one.bound === bound)
    return bound.isKeptByOne && own.length > 0 && !own.some(({ kept }) => kept)
  })
  return {
    checks,
    unjudged,
    keptByNone,
    print(): number {
      for (const one of checks) console.log(describeCheck(one))
      for (const { name } of unjudged) console.log(`BROKEN  ${name}: the run has no such figure`)
      if (checks.length === 0) console.log('BROKEN  nothing was measured that the gate could judge')
      for (const { name } of keptByNone) console.log(`BROKEN  ${name}: no result of the run keeps it`)
      const broken = checks.filter(({ kept, bound }) => !kept && !bound.isKeptByOne)
      const isKept = checks.length > 0 && unjudged.length + keptByNone.length + broken.length === 0
      return isKept ? 0 : 1
    },
  }
}
