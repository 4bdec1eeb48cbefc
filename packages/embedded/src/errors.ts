export type EmbeddedErrorCode =
  | 'EMBEDDED.LOCKED'
  | 'EMBEDDED.DATA_DIR_INVALID'
  | 'EMBEDDED.START_FAILED'
  | 'EMBEDDED.CRASHED'
  | 'EMBEDDED.BUSY'

/** What this package fails with, apart from the errors of PostgreSQL itself. Match it by `code`. */
export interface EmbeddedError extends Error {
  readonly code: EmbeddedErrorCode
  /** What to do about it. */
  readonly fix: string
  readonly meta: Readonly<Record<string, unknown>>
}

export function embeddedError(
  code: EmbeddedErrorCode,
  message: string,
  details: { fix: string; meta: Record<string, unknown>; cause?: unknown },
): EmbeddedError {
  const { fix, meta, cause } = details
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, { name: 'EmbeddedError', code, fix, meta })
}

export function isEmbeddedError(error: unknown): error is EmbeddedError {
  return error instanceof Error && error.name === 'EmbeddedError' && 'code' in error
}
