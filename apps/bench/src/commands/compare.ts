import type { Options } from '../arguments.js'
import { compareReports, printComparison } from '../gate/compare.js'
import { readReport } from './files.js'

/** Tells what changed from the first run to the second. */
export async function compareCommand(_: Options, [a, b]: readonly string[]): Promise<number> {
  console.log(printComparison(compareReports(readReport(a), readReport(b))))
  return 0
}
