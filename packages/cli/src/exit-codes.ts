/** What the program ends with; scripts may rely on these. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  refused: 5,
  interrupted: 130,
  brokenPipe: 141,
} as const

/** The same, as `--help` tells it. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'failed, or a check found something wrong'],
  [EXIT.usage, 'a command line or input that cannot be used; nothing was done'],
  [EXIT.unreachable, 'the database cannot be reached, opened or logged in to'],
  [EXIT.notFound, 'what was named is not there'],
  [EXIT.refused, 'not confirmed; nothing was done'],
  [EXIT.interrupted, 'interrupted by Ctrl-C (143 by SIGTERM)'],
  [
    EXIT.brokenPipe,
    'whoever read stdout went away before the work was done, or with half of a JSON document',
  ],
]

const UNREACHABLE = new Set([
  'CLI.NO_DATABASE',
  'DB.UNREACHABLE',
  'DB.AUTH_FAILED',
  'DB.TLS_FAILED',
  'DB.DATABASE_MISSING',
  'DB.POOL_EXHAUSTED',
])
const USAGE = new Set([
  'CLI.USAGE',
  'CLI.EMBEDDER_INVALID',
  'CONFIG.INVALID',
  'EMBEDDING.DIMENSION_MISMATCH',
  'EMBEDDING.NOT_FINITE',
  'EMBEDDING.OUT_OF_RANGE',
  'EMBEDDING.REQUIRED',
  'EMBEDDING.ZERO',
  'MEMORY.CONTENT_EMPTY',
  'MEMORY.CONTENT_TOO_LONG',
])

/** The exit code that an error's `code` stands for. */
export function exitCodeOf(code: string | undefined): number {
  if (code === undefined) return EXIT.failed
  if (UNREACHABLE.has(code) || code.startsWith('EMBEDDED.')) return EXIT.unreachable
  if (USAGE.has(code) || code.startsWith('INPUT.')) return EXIT.usage
  if (code.endsWith('NOT_FOUND')) return EXIT.notFound
  return code === 'CLI.NOT_CONFIRMED' ? EXIT.refused : EXIT.failed
}
