import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Findings } from '../report/aims-table.js'
import type { RetrievalReport } from '../retrieval/measure.js'
import { isReport } from './files.js'

function isRetrieval(value: unknown): value is RetrievalReport {
  const { questions, modes } = (value ?? {}) as Partial<Record<keyof RetrievalReport, unknown>>
  return (
    typeof questions === 'number' && Array.isArray(modes) && modes.every((mode) => 'evidenceRecall' in mode)
  )
}

/** What a JSON file says. @throws RangeError unless it holds a run of the benchmark or one of `bench retrieval` */
export function readFindings(path: string): Findings {
  const file = basename(path, '.json')
  const name = file === 'bench' ? basename(dirname(path)) : file
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new RangeError(`${path} is not JSON.`, { cause })
  }
  if (isReport(value)) return { name, run: value }
  if (isRetrieval(value)) return { name, retrieval: value }
  throw new RangeError(`${path} does not hold the results of a run.`)
}
