import { readFileSync, writeFileSync } from 'node:fs'
import type { Options } from '../arguments.js'
import { renderAims } from '../report/aims-table.js'
import { replaceMarked, sourcesFrom } from '../report/marks.js'
import { readFindings } from './findings.js'

/** Prints what was aimed at and what the runs say of it, or writes it between the marks of the Markdown file that is named. */
export async function aimsCommand(_: Options, files: readonly string[]): Promise<number> {
  const into = files.at(-1)?.endsWith('.md') ? files.at(-1) : undefined
  const sources = files.filter((file) => file !== into)
  if (sources.length === 0) throw new RangeError('Name the JSON files of runs.')
  const table = renderAims(sources.map(readFindings))
  if (into === undefined) console.log(table)
  else {
    const text = readFileSync(into, 'utf8')
    writeFileSync(into, replaceMarked(text, 'aims', table, sourcesFrom(into, sources)))
  }
  return 0
}
