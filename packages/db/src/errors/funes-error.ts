import type { FunesErrorCode } from './codes.js'

/** What went wrong, in a form that code can match and a person can act on. */
export interface FunesError extends Error {
  readonly name: 'FunesError'
  /** Dotted, stable, listed in `docs/errors.md`. */
  readonly code: FunesErrorCode
  /** What to do about it. */
  readonly fix: string
  /** Facts for code: names, limits, SQLSTATE. Never content, vectors or secrets. */
  readonly meta: Readonly<Record<string, unknown>>
}

class FunesErrorImpl extends Error implements FunesError {
  override readonly name = 'FunesError'
  readonly code: FunesErrorCode
  readonly fix: string
  readonly meta: Readonly<Record<string, unknown>>

  constructor(code: FunesErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.fix = details.fix
    this.meta = details.meta ?? {}
  }
}

export interface ErrorDetails {
  fix: string
  meta?: Record<string, unknown>
  cause?: unknown
}

/** Makes the one error type of Funes. `message` must hold no content, vector or secret. */
export function funesError(code: FunesErrorCode, message: string, details: ErrorDetails): FunesError {
  return new FunesErrorImpl(code, message, details)
}

/**
 * Whether `error` is a Funes error, and, when codes are given, carries one of them.
 *
 * @example
 * try { await funes.memories.update({ userId, id, importance: 1 }) }
 * catch (e) { if (isFunesError(e, 'MEMORY.NOT_FOUND')) return null; throw e }
 */
export function isFunesError(error: unknown, ...codes: FunesErrorCode[]): error is FunesError {
  // By shape and not instanceof: two copies of the package in one process must understand each other.
  if (!(error instanceof Error) || error.name !== 'FunesError' || !('code' in error)) return false
  return codes.length === 0 || codes.includes(error.code as FunesErrorCode)
}
