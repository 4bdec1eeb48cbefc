import { availableParallelism } from 'node:os'
import { cached } from '@funes/embedders/cached'
import { fromEnergetic } from '@funes/embedders/energetic'
import type { Options } from '../arguments.js'
import { CACHE_DIR } from '../retrieval/embed.js'
import { embeddedDatabases, serverDatabases } from '../storage/database.js'
import { measureSelection } from '../tool-selection/measure.js'
import { printSelection } from '../tool-selection/print.js'
import { readToolSet } from '../tool-selection/read.js'
import { writeBesidePage } from './page.js'

/** Asks labelled requests of a real catalogue of tools, and prints how often each mode finds a right one; stdout has nothing else. */
export async function toolSelectionCommand(options: Options): Promise<number> {
  const start = performance.now()
  const progress = (text: string) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0).padStart(5)
    process.stderr.write(`${seconds} s  ${text}\n`)
  }
  const set = await readToolSet()
  const model = fromEnergetic({ threads: Math.min(4, availableParallelism()) })
  const databases = options.url && !options.embedded ? serverDatabases(options.url) : embeddedDatabases()
  const interrupt = () => databases.dropAll().finally(() => process.exit(130))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const report = await measureSelection(databases, set, cached(model, { dir: CACHE_DIR }), progress)
    if (options.page !== undefined)
      writeBesidePage(options.page, 'tool-selection', printSelection(report), report)
    process.stdout.write(
      options.json ? `${JSON.stringify(report, null, 2)}\n` : `${printSelection(report)}\n`,
    )
  } finally {
    await model.close()
  }
  return 0
}
