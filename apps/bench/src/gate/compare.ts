import type { Report, Result, Spread } from '../result.js'
import { formatFigure } from '../table.js'
import { differences, obstacles } from './comparability.js'

export interface Change {
  readonly what: string
  readonly figure: string
  readonly before: number
  readonly after: number
  /** after / before; Infinity where it was 0 before and is no more. */
  readonly ratio: number
  /** `single` where a run has but one value of it, `overlap` where the rounds of the two do: both may be chance. */
  readonly kind: 'clear' | 'overlap' | 'single'
  /** Whether less is found, or refused more often, than before. */
  readonly isLoss: boolean
}

export interface Comparison {
  /** Why the two say nothing about each other; without any they can be compared. */
  readonly obstacles: readonly string[]
  /** What else differs that figures depend on. */
  readonly differences: readonly string[]
  /** Every figure that both runs have; none where there is an obstacle. */
  readonly changes: readonly Change[]
  readonly onlyBefore: readonly string[]
  readonly onlyAfter: readonly string[]
}

/**
 * Shares of what was found: 1 for what is best, -1 for what is worst at 1. They come out the same in every round, as the
 * same is asked, and a hundredth of them is much: neither rounds nor per cent tell a change.
 */
const SHARES: Readonly<Record<string, 1 | -1>> = {
  recall: 1,
  foundShare: 1,
  shortShare: -1,
  refusedShare: -1,
}

/** Shares that differ by no more are alike: an index is built a little differently each time. */
const SHARE_STEP = 0.005
/** So are other figures that differ by no more than this part. */
const STEP = 0.05

const inWords = ({ scenario, driver, point }: Result) =>
  `${scenario} / ${driver} / ${Object.entries(point)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')}`

const isShare = (figure: string) => Object.hasOwn(SHARES, figure)

function kindOf(figure: string, then: Spread, now: Spread): Change['kind'] {
  const isApart = now.low > then.high || now.high < then.low
  if (isShare(figure)) return isApart && hasMoved(figure, then.median, now.median) ? 'clear' : 'overlap'
  if (then.low === then.high || now.low === now.high) return 'single'
  return isApart ? 'clear' : 'overlap'
}

const ratioOf = (before: number, after: number) => (before === after ? 1 : after / before)

/** Whether a figure changed by more than is worth a line; rounding must not hide what is just a step. */
function hasMoved(figure: string, before: number, after: number): boolean {
  if (isShare(figure)) return Math.abs(after - before) > SHARE_STEP + 1e-9
  return !(Math.abs(ratioOf(before, after) - 1) <= STEP)
}

/** Holds two runs against each other, figure by figure. */
export function compareReports(before: Report, after: Report): Comparison {
  const found = obstacles(before, after)
  const earlier = new Map(before.results.map((result) => [inWords(result), result]))
  const later = new Set(after.results.map(inWords))
  const changes = after.results.flatMap((result) =>
    Object.entries(result.figures).flatMap(([figure, now]): Change[] => {
      const what = inWords(result)
      const then = earlier.get(what)?.figures[figure]
      if (!then) return []
      const [a, b] = [then.median, now.median]
      const isLoss = hasMoved(figure, a, b) && (SHARES[figure] ?? 0) * (b - a) < 0
      return [
        { what, figure, before: a, after: b, ratio: ratioOf(a, b), kind: kindOf(figure, then, now), isLoss },
      ]
    }),
  )
  const nothing = found.length === 0 && changes.length === 0
  return {
    obstacles: nothing ? ['the two runs have no figure in common'] : found,
    differences: differences(before, after),
    changes: found.length === 0 ? changes : [],
    onlyBefore: [...earlier.keys()].filter((what) => !later.has(what)),
    onlyAfter: [...later].filter((what) => !earlier.has(what)),
  }
}

/** How far a ratio is from 1, the same both ways. */
const distance = ({ ratio }: Change) => Math.abs(Math.log(ratio))

/** Changes that are worth a line, the greatest first. */
const greatest = (changes: readonly Change[], kind: Change['kind']) =>
  changes
    .filter((change) => change.kind === kind && hasMoved(change.figure, change.before, change.after))
    .sort((a, b) => (distance(a) === distance(b) ? 0 : distance(b) - distance(a)))

function line({ what, figure, before, after, ratio }: Change): string {
  const factor = Number.isFinite(ratio) ? `x ${ratio.toFixed(2)}` : 'from 0'
  return `${factor.padEnd(8)}  ${figure}  ${formatFigure(before)} -> ${formatFigure(after)}  ${what}`
}

const listed = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [title, ...lines.map((text) => `  ${text}`)]

/** What keeps the two apart, what is found less of, the clear changes, those nobody can judge, and what only one of them has. */
export function printComparison(comparison: Comparison): string {
  const { changes } = comparison
  const lost = changes.filter(({ isLoss }) => isLoss)
  const clear = greatest(changes, 'clear')
  const others = changes.filter(({ isLoss }) => !isLoss)
  return [
    ...listed('NOT COMPARABLE:', comparison.obstacles),
    ...listed('Beside the code, these differ:', comparison.differences),
    ...listed('FOUND LESS:', lost.map(line)),
    ...greatest(others, 'clear').map(line),
    ...listed(
      'Changed, but a run has no spread to tell it from chance:',
      greatest(others, 'single').map(line),
    ),
    ...listed('Only in the first run:', comparison.onlyBefore),
    ...listed('Only in the second run:', comparison.onlyAfter),
    `${clear.length} clear changes among ${changes.length} figures that both runs have.`,
  ].join('\n')
}
