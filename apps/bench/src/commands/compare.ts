import type { Options } from '../arguments.js'
import { compareReports, printComparison } from '../gate/compare.js'
import { readReport } from './files.js'

/** Tells what changed from the first run to the second; exit code 1 when they cannot be compared. */
export async function compareCommand(_: Options, [a, b]: readonly string[]): Promise<number> {
  const comparison = compareReports(readReport(a), readReport(b))
  console.log(printComparison(comparison))
  return comparison.obstacles.length === 0 ? 0 : 1
}
