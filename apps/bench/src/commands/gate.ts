import type { Options } from '../arguments.js'
import { loadFloors, verdictOf } from '../gate/gate.js'
import { readReport } from './files.js'

/** Holds an earlier run against the bounds; exit code 1 when one is broken. */
export async function gateCommand(_: Options, [path]: readonly string[]): Promise<number> {
  return verdictOf(readReport(path), loadFloors()).print()
}
