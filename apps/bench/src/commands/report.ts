import type { Options } from '../arguments.js'
import { writePage } from '../report/write.js'
import { readReport } from './files.js'

/** Draws the page of an earlier run again, beside its JSON and named after it. */
export async function reportCommand(_: Options, [path]: readonly string[]): Promise<number> {
  console.log(await writePage(readReport(path), path as string))
  return 0
}
