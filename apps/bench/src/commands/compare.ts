import type { Options } from '../arguments.js'
import { compareReports, printComparison } from '../gate/compare.js'
import { readReport } from './files.js'

/**
 * Tells what changed from the first run to the second; exit code 1 when they cannot be compared, and with `--strict` when
 * the second finds less.
 */
export async function compareCommand({ strict }: Options, [a, b]: readonly string[]): Promise<number> {
  const comparison = compareReports(readReport(a), readReport(b))
  console.log(printComparison(comparison))
  const hasLoss = comparison.changes.some(({ isLoss }) => isLoss)
  return comparison.obstacles.length > 0 || (strict === true && hasLoss) ? 1 : 0
}
