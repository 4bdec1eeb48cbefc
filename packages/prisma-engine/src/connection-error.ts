import type pg from 'pg'
import { address } from './target.js'

/** An error as the CLI shows it: Prisma's code, and the message that goes with it. */
export interface KnownError {
  readonly code: string
  readonly message: string
}

function facts(error: unknown): { code: string; message: string } {
  // Node reports a failed dual-stack connect as an AggregateError: any of its parts tells why.
  const first = error instanceof AggregateError ? error.errors[0] : error
  const { code, message } = (first ?? {}) as { code?: unknown; message?: unknown }
  return { code: typeof code === 'string' ? code : '', message: String(message ?? error) }
}

/** Why no connection could be made, under Prisma's own code (Prisma documentation, "Error message reference"). */
export function connectionError(error: unknown, config: pg.ClientConfig): KnownError {
  const { code, message } = facts(error)
  const database = config.database ?? config.user ?? ''
  switch (code) {
    case '28P01':
    case '28000':
      return {
        code: 'P1000',
        message: `Authentication failed against database server, the provided database credentials for \`${config.user}\` are not valid.\n\nPlease make sure to provide valid database credentials for the database server at the configured address.`,
      }
    case '3D000':
      return { code: 'P1003', message: `Database \`${database}\` does not exist` }
    case '42501':
      return { code: 'P1010', message: `User \`${config.user}\` was denied access on the database \`${database}\`` }
    case '42P04':
      return { code: 'P1009', message: `Database \`${database}\` already exists` }
  }
  if (/timeout/i.test(message) && code === '') {
    return {
      code: 'P1002',
      message: `The database server was reached but timed out.\n\nPlease try again.\n\nPlease make sure your database server is running at ${address(config)}.`,
    }
  }
  if (/SSL|TLS|certificate/i.test(message)) return { code: 'P1011', message: `Error opening a TLS connection: ${message}` }
  return {
    code: 'P1001',
    message: `Can't reach database server at ${address(config)}\n\nPlease make sure your database server is running at ${address(config)}.`,
  }
}
