import { numberOf, type Options } from '../arguments.js'
import { datasetError } from '../retrieval/dataset-error.js'
import { embedSet } from '../retrieval/embed.js'
import type { LabelledSet } from '../retrieval/labelled-set.js'
import { measureRetrieval } from '../retrieval/measure.js'
import { odditiesInWords } from '../retrieval/oddity.js'
import { printRetrieval } from '../retrieval/print.js'
import { readLabelledSet } from '../retrieval/read-labelled-set.js'
import { readSotuSet } from '../retrieval/sotu-set.js'
import { embeddedDatabases, serverDatabases } from '../storage/database.js'
import { writeBesidePage } from './page.js'

function readSet({ dataset, turns, questions }: Options): Promise<LabelledSet> {
  if (dataset !== undefined) {
    if (turns !== undefined || questions !== undefined) {
      throw new RangeError('Give either --dataset, or --turns and --questions.')
    }
    if (dataset !== 'sotu') throw new RangeError(`There is no labelled set ${dataset}; there is sotu.`)
    return readSotuSet()
  }
  if (turns === undefined || questions === undefined) {
    throw new RangeError('Give --turns <turns.jsonl> and --questions <questions.jsonl>, or --dataset sotu.')
  }
  return readLabelledSet(turns, questions)
}

/** Asks the questions of a labelled set and prints how much of the evidence each mode finds; stdout has nothing else. */
export async function retrievalCommand(options: Options): Promise<number> {
  const start = performance.now()
  const progress = (text: string) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0).padStart(5)
    process.stderr.write(`${seconds} s  ${text}\n`)
  }
  const read = await readSet(options)
  for (const sentence of odditiesInWords(read.oddities)) progress(sentence)
  const set = await embedSet(read, (done, total) => progress(`embedded ${done} of ${total} texts`))
  const dimensions = numberOf('dimensions', options.dimensions)
  if (dimensions !== undefined && dimensions !== set.dimensions) {
    const problem = `its vectors have ${set.dimensions} dimensions, not ${dimensions}`
    throw datasetError('DATASET.EMBEDDINGS_DIFFER', { path: set.name }, problem)
  }
  const databases = options.url && !options.embedded ? serverDatabases(options.url) : embeddedDatabases()
  const interrupt = () => databases.dropAll().finally(() => process.exit(130))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const report = await measureRetrieval(databases, set, progress)
  if (options.page !== undefined) writeBesidePage(options.page, 'retrieval', printRetrieval(report), report)
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : `${printRetrieval(report)}\n`)
  return 0
}
