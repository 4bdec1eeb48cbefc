import type { FunesErrorCode } from '../errors/codes.js'
import type { FunesError } from '../errors/funes-error.js'
import type { SeenStatement, Sink, StatementEnd } from './observer.js'

type Log = (fields: object, message: string) => void

/** Where Funes writes what happens: pino's loggers fit, and so does anything that takes an object and a message. */
export interface Logger {
  debug: Log
  info: Log
  warn: Log
  error: Log
  /** Where it is there, as pino's is, nothing is put together for a level that is off. */
  isLevelEnabled?(level: string): boolean
}

/** A statement that took longer than `slowQueryMs`. Nothing in it comes from a parameter or a row. */
export interface SlowQuery {
  /** The public call that it was part of, as in `memories.search`; null outside of any. */
  readonly call: string | null
  /** What it does: `SELECT`, `INSERT`, ... */
  readonly operation: string
  /** Each operation with its table: `SELECT memory_embeddings SELECT memories`. */
  readonly summary: string
  /** The name of the prepared statement, as `pg_prepared_statements` shows it; null for one that is not prepared. */
  readonly statementName: string | null
  /** From handing it over to its last row, waiting for a connection included. */
  readonly durationMs: number
  /** How many rows came back; null where it failed. */
  readonly rows: number | null
  /** Why it failed; null where it did not. */
  readonly error: FunesErrorCode | null
}

export interface LogOptions {
  readonly logger: Logger | undefined
  readonly onSlowQuery: ((query: SlowQuery) => unknown) | undefined
  readonly slowQueryMs: number
}

/** What calls make of these, if anything, they say themselves: they are how a duplicate or a lost race is noticed. */
const ORDINARY: ReadonlySet<FunesErrorCode> = new Set(['DB.CONSTRAINT', 'DB.CONFLICT'])

/** A listener's fault must not become the caller's. */
function quietly(tell: () => unknown): void {
  try {
    const told = tell()
    if (told instanceof Promise) told.catch(() => {})
  } catch {
    // It is the listener's own.
  }
}

const rounded = (ms: number) => Math.round(ms * 1000) / 1000

function failureFields(error: FunesError | null) {
  const { sqlstate } = error?.meta ?? {}
  return { code: error?.code ?? null, ...(typeof sqlstate === 'string' && { sqlstate }) }
}

/** Tells a logger of every statement (debug), of slow ones and of failures (warn), and a hook of slow ones. */
export function createLogSink({ logger, onSlowQuery, slowQueryMs }: LogOptions): Sink {
  const isOn = (level: 'debug' | 'warn') => logger?.isLevelEnabled?.(level) ?? logger !== undefined

  function ended(seen: SeenStatement, { durationMs, rows, error }: StatementEnd): void {
    const isSlow = durationMs >= slowQueryMs
    const isFailure = rows === null && (error === null || !ORDINARY.has(error.code))
    if (isSlow && onSlowQuery) {
      const { call, operation, summary, statementName } = seen
      const code = error?.code ?? null
      quietly(() => onSlowQuery({ call, operation, summary, statementName, durationMs, rows, error: code }))
    }
    const level = isSlow || isFailure ? 'warn' : 'debug'
    if (!isOn(level)) return
    const { call, operation, summary, statementName } = seen
    const fields = { call, operation, summary, statementName, durationMs: rounded(durationMs), rows }
    quietly(() => {
      if (rows === null) logger?.[level]({ ...fields, ...failureFields(error) }, 'funes: statement failed')
      else logger?.[level](fields, isSlow ? 'funes: slow statement' : 'funes: statement')
    })
  }

  return {
    statement: (seen) => (end) => ended(seen, end),
    log: (level, fields, message) => quietly(() => logger?.[level](fields, `funes: ${message}`)),
  }
}
