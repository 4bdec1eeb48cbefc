import { readFileSync } from 'node:fs'
import type { Report } from '../result.js'

/** Whether it has the parts of a run; their content is taken as it was written. */
export function isReport(value: unknown): value is Report {
  const { format, environment, config, results } = (value ?? {}) as Partial<Record<keyof Report, unknown>>
  const isObject = (part: unknown) => typeof part === 'object' && part !== null
  return format === 1 && isObject(environment) && isObject(config) && Array.isArray(results)
}

/** @throws RangeError unless the file holds a run */
export function readReport(path: string | undefined): Report {
  if (path === undefined) throw new RangeError('Name the JSON file of a run.')
  const text = readFileSync(path, 'utf8')
  let report: unknown
  try {
    report = JSON.parse(text)
  } catch (cause) {
    throw new RangeError(`${path} is not JSON.`, { cause })
  }
  if (!isReport(report)) throw new RangeError(`${path} does not hold the results of a run.`)
  return report
}
