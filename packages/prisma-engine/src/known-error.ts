/** An error with one of Prisma's codes (P1001, P3018, ...) or a dotted one of our own. Match it by `code`. */
export interface KnownError extends Error {
  readonly code: string
  readonly meta: Readonly<Record<string, unknown>>
}

/** Makes an error that the CLI shows under its code. */
export function knownError(code: string, message: string, meta: Record<string, unknown>): KnownError {
  return Object.assign(new Error(message), { name: 'SchemaEngineError', code, meta })
}

/** Whether `error` came from {@link knownError}. */
export function isKnownError(error: unknown): error is KnownError {
  return error instanceof Error && error.name === 'SchemaEngineError' && 'code' in error && 'meta' in error
}
