import { isKnownError } from './known-error.js'

/** A request of the CLI (JSON-RPC 2.0, one a line), or its acknowledgement of one of ours, which has no method. */
export interface Message {
  readonly id: number | string
  readonly method?: string
  readonly params?: unknown
}

/** What the CLI reads of an error. */
export interface ErrorBody {
  readonly code: number
  readonly message: string
  readonly data: {
    readonly is_panic: boolean
    readonly message: string
    readonly error_code?: string
    readonly meta?: unknown
    readonly backtrace?: string | null
  }
}

/** An engine that has panicked. */
export interface Panic extends Error {
  readonly name: 'Panic'
}

/** The code that the native engine gives every error of its own. */
const ENGINE_ERROR = 4466
const PARSE_ERROR = -32700

export function panicError(text: string, cause: unknown): Panic {
  return Object.assign(new Error(text, { cause }), { name: 'Panic' as const })
}

export function isPanic(error: unknown): error is Panic {
  return error instanceof Error && error.name === 'Panic'
}

/**
 * An error as the native engine sends it: `{ is_panic, message, meta, error_code }` when Prisma has a code for it,
 * else `{ is_panic, message, backtrace }`.
 */
export function errorBody(error: unknown): ErrorBody {
  if (isPanic(error)) {
    // The CLI shows the outer message of a panic, and the inner one of everything else.
    const cause = error.cause instanceof Error ? (error.cause.stack ?? null) : null
    return {
      code: ENGINE_ERROR,
      message: `Error in Schema engine.\nReason: ${error.message}\n`,
      data: { is_panic: true, message: error.message, backtrace: cause },
    }
  }
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown }
  const text = String(message ?? error)
  const known = isKnownError(error) || (typeof code === 'string' && /^P\d{4}$/.test(code))
  return {
    code: ENGINE_ERROR,
    message: 'An error happened. Check the data field for details.',
    data: known
      ? {
          is_panic: false,
          message: text,
          meta: isKnownError(error) ? error.meta : null,
          error_code: String(code),
        }
      : { is_panic: false, message: text, backtrace: null },
  }
}

/** Reads a line; an {@link ErrorBody} when it is no JSON-RPC. */
export function readMessage(line: string): Message | ErrorBody {
  try {
    const message = JSON.parse(line) as Message
    if (typeof message === 'object' && message !== null && 'id' in message) return message
  } catch {}
  return { code: PARSE_ERROR, message: 'Parse error', data: { is_panic: false, message: 'Parse error' } }
}
