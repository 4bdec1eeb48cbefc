import { dirname } from 'node:path'
import type { Options } from '../arguments.js'
import { writeReport } from '../report/write.js'
import { readReport } from './files.js'

/** Draws the page of an earlier run again, beside its JSON. */
export async function reportCommand(_: Options, [path]: readonly string[]): Promise<number> {
  const { html } = await writeReport(readReport(path), dirname(path as string))
  console.log(html)
  return 0
}
