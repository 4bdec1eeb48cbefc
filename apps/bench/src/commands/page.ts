import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { replaceMarked } from '../report/marks.js'

/**
 * Puts a table into a page, between its marks, and the JSON that the table is of beside it under the same name.
 *
 * @throws RangeError when the page has no such marks; then nothing is written
 */
export function writeBesidePage(page: string, name: string, table: string, report: unknown): void {
  if (!page.endsWith('.md')) throw new RangeError('--page must name a Markdown file.')
  const json = page.replace(/\.md$/, '.json')
  const text = replaceMarked(readFileSync(page, 'utf8'), name, table, [basename(json)])
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(page, text)
}
