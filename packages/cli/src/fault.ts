/** What this program's own errors are about. */
export type CliErrorCode =
  | 'CLI.EMBEDDER_INVALID'
  | 'CLI.EMBEDDER_MISSING'
  | 'CLI.FILE_INVALID'
  | 'CLI.FILE_NOT_FOUND'
  | 'CLI.NOT_CONFIRMED'
  | 'CLI.OUTPUT_FAILED'
  | 'CLI.NO_DATABASE'
  | 'CLI.ROWS_HIDDEN'
  | 'CLI.TOOL_NOT_FOUND'
  | 'CLI.USAGE'
  | 'CLI.USER_NOT_FOUND'

/** An error that says what to do: this program's own, one of @funes/db, or one of an embedder. */
export interface Fault extends Error {
  readonly code: string
  readonly fix: string
  readonly meta?: Readonly<Record<string, unknown>>
}

/** Whether `error` says what to do. By shape: the packages that throw them are loaded only when they are needed. */
export function isFault(error: unknown): error is Fault {
  if (!(error instanceof Error)) return false
  const { code, fix } = error as Partial<Fault>
  return typeof code === 'string' && typeof fix === 'string'
}

export function cliError(code: CliErrorCode, message: string, fix: string, cause?: unknown): Fault {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, { name: 'CliError', code, fix })
}

/** A command line that cannot be used. */
export function usageError(message: string, fix: string): Fault {
  return cliError('CLI.USAGE', message, fix)
}
