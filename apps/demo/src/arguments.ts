import { parseArgs } from 'node:util'

export interface Arguments {
  /** A few hundred passages and four searches, for a quick look. */
  readonly short: boolean
  /** Forget the database and the cached vectors first. */
  readonly fresh: boolean
  readonly help: boolean
  /** The caller's own words; without them the prepared searches run. */
  readonly question: string | undefined
}

export const USAGE = `npm run demo -- [--short] [--fresh] ["your question"]

  --short   a few hundred passages and four searches
  --fresh   forget the demo's own database and cached vectors first

  FUNES_DATA_DIR      where the embedded database is kept; .funes-demo unless given
  FUNES_DATABASE_URL  a PostgreSQL server with pgvector to use in its place
  NO_COLOR            plain text`

/** Reads the command line. @throws TypeError with a code, on an option it does not know and on an empty question */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      short: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  // A question without quotation marks arrives as many words.
  const question = positionals.length === 0 ? undefined : positionals.join(' ').trim()
  if (question === '') {
    throw Object.assign(new TypeError('The question is empty.'), { code: 'ERR_EMPTY_QUESTION' })
  }
  return { ...values, question }
}
