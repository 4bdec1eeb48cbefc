import type pg from 'pg'
import { isKnownError, type KnownError, knownError } from './known-error.js'
import { address } from './target.js'

/** What Node and `pg` say when nobody answers at the address, or nobody answers in time. */
const UNREACHABLE =
  /^(EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOENT|ENOTFOUND|EPIPE|ETIMEDOUT|EACCES)$/
const TIMEOUT = /timeout (exceeded|expired)/i
const CLOSED = /^(connection terminated|client has encountered a connection error)/i
const TLS_CODE = /^(ERR_(SSL|TLS)|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|ERR_OSSL)/
const NO_TLS = 'The server does not support SSL connections'

interface Facts {
  readonly code: string
  readonly message: string
}

function factsOf(error: unknown): Facts {
  // A name with several addresses fails with one error for each; the first tells as much as all.
  const first: unknown = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
  const { code, message } = (first ?? {}) as { code?: unknown; message?: unknown }
  return { code: typeof code === 'string' ? code : '', message: String(message || error) }
}

/** Whether the server was asked for TLS and has none. */
export function isWithoutTls(error: unknown): boolean {
  return factsOf(error).message === NO_TLS
}

/** Whether the connection went away under a query. */
export function isClosed(error: unknown): boolean {
  return CLOSED.test(factsOf(error).message)
}

/** The error that Prisma has for a failed attempt to connect with `config`, or the error itself if it has none. */
export function connectionError(error: unknown, config: pg.ClientConfig): unknown {
  if (isKnownError(error)) return error
  const { code, message } = factsOf(error)
  if (
    TLS_CODE.test(code) ||
    /^(The server does not support|There was an error establishing an) SSL/.test(message)
  ) {
    return knownError('P1011', `Error opening a TLS connection: ${message}`, { message })
  }
  if (UNREACHABLE.test(code) || TIMEOUT.test(message) || CLOSED.test(message)) return unreachable(config)
  return serverError(code, config) ?? error
}

function unreachable(config: pg.ClientConfig): KnownError {
  const location = address(config)
  return knownError(
    'P1001',
    `Can't reach database server at \`${location}\`\n\nPlease make sure your database server is running at \`${location}\`.`,
    { database_location: location },
  )
}

function serverError(sqlState: string, config: pg.ClientConfig): KnownError | undefined {
  const database = config.database ?? ''
  const user = config.user ?? '(not available)'
  switch (sqlState) {
    case '28P01':
      return knownError(
        'P1000',
        `Authentication failed against database server, the provided database credentials for \`${user}\` are not valid.` +
          '\n\nPlease make sure to provide valid database credentials for the database server at the configured address.',
        { database_user: user },
      )
    // "no pg_hba.conf entry", "role is not permitted to log in", and a database the role may not enter.
    case '28000':
    case '42501':
      return knownError('P1010', `User was denied access on the database \`${database}\``, {
        database_name: database,
      })
    case '3D000':
      return knownError('P1003', `Database \`${database}\` does not exist`, { database_name: database })
    default:
      return undefined
  }
}
