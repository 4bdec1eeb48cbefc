import { ERROR_CODES, type FunesErrorCode } from './codes.js'
import { connectionRule } from './connection-rules.js'
import { type FunesError, funesError, isFunesError } from './funes-error.js'
import { lackOf } from './permission.js'

/** What every driver's error comes down to. `detail` is left out on purpose: it quotes rows. */
interface DriverFault {
  sqlstate: string | undefined
  message: string
  constraint: string | undefined
  /** An errno of Node's sockets, or a code of Prisma's. */
  system: string | undefined
}

type Rule = readonly [code: FunesErrorCode, message: string, fix: string]

const MIGRATE = 'Run `await funes.migrate()` or `prisma migrate deploy` against this database.'
const RETRY = 'Run the whole transaction again.'

const POOLER: Rule = [
  'DB.POOLER',
  'A pooler in between gave the connection to another client between two statements, and a prepared statement was lost.',
  'Pass `preparedStatements: false` to createFunes, or set FUNES_PREPARED_STATEMENTS=false.',
]

const BY_SQLSTATE: Record<string, Rule> = {
  '23503': ['DB.CONSTRAINT', 'A row that the change refers to does not exist.', 'Create that row first.'],
  '23505': ['DB.CONSTRAINT', 'A row with that key already exists.', 'Use another key, or update the row.'],
  '25P02': [
    'TRANSACTION.ABORTED',
    'An earlier statement of this transaction failed, so it accepts no more.',
    'Put the part that may fail into a nested `funes.transaction`, and catch its error outside of it.',
  ],
  '28000': ['DB.AUTH_FAILED', 'The database refused this user.', 'Check user, password and pg_hba.conf.'],
  '28P01': ['DB.AUTH_FAILED', 'The database refused the password.', 'Check user and password in the url.'],
  '3D000': ['DB.DATABASE_MISSING', 'The database does not exist.', 'Create it: `createdb NAME`.'],
  '40001': ['DB.CONFLICT', 'The transaction could not be serialized.', RETRY],
  '40P01': ['DB.CONFLICT', 'The transaction was the victim of a deadlock.', RETRY],
  '26000': POOLER,
  '42P05': POOLER,
  '42501': [
    'DB.PERMISSION_DENIED',
    'The database role lacks a right that this statement needs.',
    'Grant it, or connect as a role that has it.',
  ],
  '42703': ['DB.NOT_MIGRATED', 'A column of Funes is missing in this database.', MIGRATE],
  '42P01': ['DB.NOT_MIGRATED', 'A table of Funes is missing in this database.', MIGRATE],
  '42704': ['DB.NOT_MIGRATED', 'A type of Funes or pgvector is missing in this database.', MIGRATE],
  '53300': [
    'DB.POOL_EXHAUSTED',
    'The server has no connection slot left.',
    'Lower `limits.maxConnections` over all processes, raise max_connections, or put PgBouncer in front.',
  ],
  '55P03': ['DB.LOCK_TIMEOUT', 'A lock was not granted in time.', 'Try again, or look for who holds it.'],
  '57014': [
    'DB.TIMEOUT',
    'The statement was cancelled: it ran longer than its limit.',
    'Raise `limits.statementTimeoutMs`, or ask `funes.health()` whether an index is missing.',
  ],
}

const UNREACHABLE: Rule = [
  'DB.UNREACHABLE',
  'The database cannot be reached, or the connection was lost.',
  'Check that the server runs and that host and port in the url are right; a lost connection is replaced on the next call.',
]
const POOL_EXHAUSTED: Rule = [
  'DB.POOL_EXHAUSTED',
  'No connection became free in time: all of the pool are in use.',
  'Await or shorten transactions, raise `limits.maxConnections`, or raise `limits.connectTimeoutMs`.',
]
const POOL_ENDED: Rule = ['CLIENT.CLOSED', 'The pool has been ended.', 'Make a new Funes with createFunes.']
const CLOSED: Rule = [
  'TRANSACTION.CLOSED',
  'The transaction that this call belongs to has already ended.',
  'Await every call inside the callback of `funes.transaction`.',
]
const TX_TIMEOUT: Rule = [
  'TRANSACTION.TIMEOUT',
  'The transaction ran longer than its limit and was rolled back.',
  'Make it shorter, or raise `timeoutMs`.',
]
const REFUSED_PARAMETER: Rule = [
  'DB.POOLER',
  'A pooler in between refused the connection for a setting that it was to be opened with.',
  'Take the setting out of the pool or url, or name it in the `ignore_startup_parameters` of PgBouncer.',
]
const LANGUAGE_UNKNOWN: Rule = [
  'INPUT.INVALID',
  'The database has no text search configuration of that name.',
  'Give `language` a name that `select cfgname from pg_ts_config` lists, such as english or simple.',
]
const FOREIGN_ROW: Rule = [
  'TENANCY.FOREIGN_USER',
  'Row-level security refused a row of another user or tenant.',
  'Write it in the scope of its own user (`funes.as`); what concerns all users takes a connection that `docs/security.md` describes.',
]
const OTHER: Rule = [
  'DB.QUERY_FAILED',
  'The database refused a statement.',
  'See `meta.sqlstate` and `cause`; `funes.health()` may name the reason.',
]

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOENT',
  'EAI_AGAIN',
  // As Prisma names them: not reachable, closed, and too late.
  'P1001',
  'P1002',
  'P1008',
  'P1017',
])

const LOST =
  /Connection terminated|connection is closed|Client has encountered a connection error|Client was closed|^timeout expired$/i

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Reads the SQLSTATE out of pg's error, or out of where Prisma keeps the driver's own. */
function readFault(error: unknown): DriverFault {
  const e = record(error)
  const adapter = record(record(record(e.meta).driverAdapterError).cause ?? e.cause)
  const original = text(adapter.originalCode)
  const code = text(e.code)
  const sqlstate =
    original ??
    (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code) ? code : undefined)
  const message = text(adapter.originalMessage) ?? text(e.message) ?? 'unknown error'
  const named = /constraint "([^"]+)"/.exec(message)?.[1]
  return { sqlstate, message, constraint: text(e.constraint) ?? named, system: code }
}

function ruleFor(fault: DriverFault): Rule {
  const { sqlstate, message, system } = fault
  if (/Cannot use a pool after calling end/.test(message)) return POOL_ENDED
  if (/timeout exceeded when trying to connect/.test(message)) return POOL_EXHAUSTED
  if (system === 'P2028') {
    if (/Unable to start a transaction in the given time/.test(message)) return POOL_EXHAUSTED
    return /expired transaction|timeout for this transaction/i.test(message) ? TX_TIMEOUT : CLOSED
  }
  if (system === 'P2034') return BY_SQLSTATE['40001'] as Rule
  if (system === 'P2024') return POOL_EXHAUSTED
  if (/unsupported startup parameter/i.test(message)) return REFUSED_PARAMETER
  if (sqlstate === '42704' && message.includes('text search configuration')) return LANGUAGE_UNKNOWN
  if (sqlstate === '42501' && /row-level security/.test(message)) return FOREIGN_ROW
  if (sqlstate !== undefined && BY_SQLSTATE[sqlstate]) return BY_SQLSTATE[sqlstate]
  if (sqlstate?.startsWith('08') || sqlstate?.startsWith('57P')) return UNREACHABLE
  if (sqlstate?.startsWith('23'))
    return ['DB.CONSTRAINT', 'A constraint of the database refused the change.', 'See `meta.constraint`.']
  if (system !== undefined && SOCKET_CODES.has(system)) return UNREACHABLE
  if (LOST.test(message)) return UNREACHABLE
  return (sqlstate === undefined ? connectionRule(message, system) : undefined) ?? OTHER
}

/** The driver's error without what it may quote: parameters, rows, queries. */
function safeCause(fault: DriverFault): Error {
  const cause = new Error(
    fault.sqlstate?.startsWith('22') ? 'invalid value for the column type' : fault.message,
  )
  cause.name = 'DriverError'
  return Object.assign(cause, { sqlstate: fault.sqlstate, system: fault.system })
}

/**
 * Turns whatever a driver threw into a {@link FunesError}, by SQLSTATE. The one place where that happens.
 */
export function databaseError(error: unknown): FunesError {
  if (isFunesError(error)) return error
  const e = record(error)
  if (text(e.code)?.startsWith('EMBEDDED.') && error instanceof Error) {
    const code = (e.code as string) in ERROR_CODES ? (e.code as FunesErrorCode) : 'EMBEDDED.START_FAILED'
    return funesError(code, error.message, {
      fix: text(e.fix) ?? 'See `meta`.',
      meta: record(e.meta),
      cause: error,
    })
  }
  const fault = readFault(error)
  const [code, message, fix] = ruleFor(fault)
  const meta: Record<string, unknown> = {}
  if (fault.sqlstate) meta.sqlstate = fault.sqlstate
  if (fault.constraint) meta.constraint = fault.constraint
  const lack = code === 'DB.PERMISSION_DENIED' ? lackOf(fault.message) : undefined
  if (lack !== undefined) {
    const { message, fix } = lack
    return funesError(code, message, { fix, meta: { ...meta, ...lack.meta }, cause: safeCause(fault) })
  }
  return funesError(code, message, { fix, meta, cause: safeCause(fault) })
}

/** The same error, which knows more. */
export function withMeta(error: FunesError, meta: Record<string, unknown>): FunesError {
  const { code, message, fix, cause } = error
  return funesError(code, message, {
    fix,
    meta: { ...error.meta, ...meta },
    ...(cause !== undefined && { cause }),
  })
}

/** Whether the connection was lost, so that nobody knows whether what was sent last has been done. */
export function isConnectionLost(error: unknown): error is FunesError & { code: 'DB.UNREACHABLE' } {
  return isFunesError(error, 'DB.UNREACHABLE')
}

/** Whether it is certain that nothing was sent: no connection was to be had. */
export function isUnsent(error: FunesError): boolean {
  return error.meta.phase === 'connection'
}

/** Whether two transactions collided, of which this one was rolled back. */
export function isCollision(error: unknown): error is FunesError & { code: 'DB.CONFLICT' } {
  return isFunesError(error, 'DB.CONFLICT') && error.meta.sqlstate !== undefined
}

/** The name of the constraint that refused a change, when that is why `error` was thrown. */
export function violatedConstraint(error: unknown): string | undefined {
  if (!isFunesError(error, 'DB.CONSTRAINT')) return undefined
  return text(error.meta.constraint)
}
