import { readFileSync } from 'node:fs'
import type { Report } from '../result.js'

/** @throws RangeError unless the file holds a run */
export function readReport(path: string | undefined): Report {
  if (path === undefined) throw new RangeError('Name the JSON file of a run.')
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report
  if (report.format !== 1) throw new RangeError(`${path} does not hold the results of a run.`)
  return report
}
