import type { Report, Result } from '../result.js'
import { formatFigure } from '../table.js'

export interface Change {
  readonly what: string
  readonly figure: string
  readonly before: number
  readonly after: number
  /** after / before. */
  readonly ratio: number
  /** Whether the rounds of the two runs do not overlap: else it may be chance. */
  readonly isClear: boolean
}

const keyOf = ({ scenario, driver, point }: Result) => `${scenario} ${driver} ${JSON.stringify(point)}`

const inWords = ({ scenario, driver, point }: Result) =>
  `${scenario} / ${driver} / ${Object.entries(point)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')}`

/** Every figure that both runs have. */
export function compareReports(before: Report, after: Report): Change[] {
  const earlier = new Map(before.results.map((result) => [keyOf(result), result]))
  return after.results.flatMap((result) => {
    const old = earlier.get(keyOf(result))
    if (!old) return []
    return Object.entries(result.figures).flatMap(([figure, now]): Change[] => {
      const then = old.figures[figure]
      if (!then || then.median === 0) return []
      return [
        {
          what: inWords(result),
          figure,
          before: then.median,
          after: now.median,
          ratio: now.median / then.median,
          isClear: now.low > then.high || now.high < then.low,
        },
      ]
    })
  })
}

/** The clear changes of more than 5 %, the greatest first; then how many figures there were. */
export function printComparison(changes: readonly Change[]): string {
  const clear = changes
    .filter(({ isClear, ratio }) => isClear && Math.abs(ratio - 1) > 0.05)
    .sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)))
  const lines = clear.map(
    ({ what, figure, before, after, ratio }) =>
      `${`x ${ratio.toFixed(2)}`.padEnd(8)}  ${figure}  ${formatFigure(before)} -> ${formatFigure(after)}  ${what}`,
  )
  return [
    ...lines,
    `${clear.length} clear changes among ${changes.length} figures that both runs have.`,
  ].join('\n')
}
