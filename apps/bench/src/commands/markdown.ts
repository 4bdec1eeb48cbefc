import { readFileSync, writeFileSync } from 'node:fs'
import type { Options } from '../arguments.js'
import { renderMarkdown } from '../report/markdown.js'
import { replaceMarked, sourcesFrom } from '../report/marks.js'
import { readReport } from './files.js'

/** Prints the summary table of a run, or writes it between the marks of the Markdown file that is named. */
export async function markdownCommand(_: Options, [path, into]: readonly string[]): Promise<number> {
  const table = renderMarkdown(readReport(path))
  if (into === undefined) console.log(table)
  else {
    const text = readFileSync(into, 'utf8')
    writeFileSync(into, replaceMarked(text, 'bench', table, sourcesFrom(into, [path as string])))
  }
  return 0
}
