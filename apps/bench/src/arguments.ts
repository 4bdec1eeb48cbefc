import { parseArgs } from 'node:util'

export const USAGE = `Usage:
  bench [run] [options]         measure, and write results as JSON and as an HTML page
  bench report <results.json>   draw the page of a run again
  bench compare <a.json> <b.json> [--strict]   what changed from one run to another; --strict fails when a recall fell
  bench markdown <results.json> [<file.md>]   the summary as a table, printed or written between the file's marks
  bench aims <results.json>... [<file.md>]   what was aimed at, what was measured, and which aims were met
  bench gate <results.json>     fail when a ratio or a recall is out of bounds
  bench retrieval [options]     how much of the evidence for labelled questions each mode of search finds
  bench tool-selection [options]  how often each mode finds a right tool of a real catalogue; takes --url, --json and --page

Options of run:
  --profile smoke|standard|full|published   sizes; standard unless given (full adds 1,000,000 rows; published
                                  is what fits into half an hour)
  --scenario <name>[,<name>]      only these
  --driver <name>[,<name>]        only these
  --out <folder>                  where results go; .cache/bench/<date> unless given
  --url <postgresql://...>        the server; else FUNES_TEST_DATABASE_URL; else the embedded engine
  --embedded                      the embedded engine even where a server is named
  --clients <n>[,<n>]             how many side by side
  --rows, --users, --dimensions, --rounds, --queries, --seed <number>   instead of the profile's
  --gate                          end with the gate's verdict

Options of retrieval:
  --turns <turns.jsonl>           { userId, sessionId, id, content, createdAt, embedding? } a line
  --questions <questions.jsonl>   { userId, text, embedding?, evidence: [id] } a line
  --dataset sotu                  instead of the two: the labelled set that comes with the bench
  --dimensions <number>           refuse data of other dimensions
  --json                          the report as JSON, and nothing else, on standard output
  --page <file.md>                write the report as JSON beside this page, and its table between the page's marks
  --url <postgresql://...>        the server; else the embedded engine`

const COMMANDS = [
  ...(['run', 'report', 'compare', 'gate', 'markdown', 'aims', 'retrieval', 'tool-selection'] as const),
] as const
export type Command = (typeof COMMANDS)[number]

const OPTIONS = {
  profile: { type: 'string' },
  scenario: { type: 'string', multiple: true },
  driver: { type: 'string', multiple: true },
  out: { type: 'string' },
  url: { type: 'string' },
  embedded: { type: 'boolean' },
  gate: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  rows: { type: 'string' },
  users: { type: 'string' },
  dimensions: { type: 'string' },
  rounds: { type: 'string' },
  queries: { type: 'string' },
  seed: { type: 'string' },
  clients: { type: 'string', multiple: true },
  turns: { type: 'string' },
  questions: { type: 'string' },
  dataset: { type: 'string' },
  json: { type: 'boolean' },
  page: { type: 'string' },
  strict: { type: 'boolean' },
} as const

export type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

export interface CommandLine {
  readonly command: Command
  readonly options: Options
  readonly files: readonly string[]
}

/** @throws TypeError for an unknown option */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    // pnpm hands over the "--" that separates its own options.
    args: args.filter((arg) => arg !== '--'),
    options: OPTIONS,
    allowPositionals: true,
  })
  const command = COMMANDS.find((name) => name === positionals[0])
  if (positionals.length > 0 && !command)
    throw new RangeError(`There is no command ${positionals[0]}.\n${USAGE}`)
  return { command: command ?? 'run', options: values, files: positionals.slice(1) }
}

/** The names of an option that may be repeated and may hold several, separated by commas. */
export function namesOf(option: readonly string[] | undefined): string[] | undefined {
  return option?.flatMap((names) => names.split(',')).filter((name) => name !== '')
}

/** @throws RangeError unless it is a natural number */
export function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name} must be a natural number.`)
  return value
}
