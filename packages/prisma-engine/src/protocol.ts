import { panic } from './schema-engine.js'

/** A request of the CLI: JSON-RPC 2.0, one a line. */
export interface Request {
  readonly id: number
  readonly method: string
  readonly params?: unknown
}

export interface ErrorBody {
  readonly code: number
  readonly message: string
  readonly data: {
    readonly is_panic: boolean
    readonly message: string
    readonly error_code: string | undefined
    readonly meta: unknown
  }
}

/** The code that the native engine gives every error of its own. */
const ENGINE_ERROR = 4466

/** What the CLI is told of an error: Prisma's code and message as the engine made them, or a panic's own text. */
export function errorBody(error: unknown): ErrorBody {
  const { message, code, meta, fix } = (error ?? {}) as { message?: unknown; code?: unknown; meta?: unknown; fix?: unknown }
  const isPanic = panic.message !== undefined || error instanceof WebAssembly.RuntimeError
  const text = isPanic ? (panic.message ?? String(message)) : String(message ?? error)
  const advice = typeof fix === 'string' ? `\n${fix}` : ''
  panic.message = undefined
  return {
    code: ENGINE_ERROR,
    message: isPanic ? text : 'An error happened. Check the data field for details.',
    data: { is_panic: isPanic, message: text + advice, error_code: typeof code === 'string' ? code : undefined, meta: meta ?? null },
  }
}

/** A line of the log as the native engine writes it, where the CLI looks for errors of `cli` commands. */
export function logLine(message: string, code: string | undefined): string {
  return JSON.stringify({
    timestamp: new Date().toISOString(),
    level: code === undefined ? 'INFO' : 'ERROR',
    fields: { message, ...(code !== undefined && { error_code: code, is_panic: false }) },
    target: 'schema_engine::logger',
  })
}
