import type pg from 'pg'
import { type FunesError, funesError, isFunesError } from '../errors/funes-error.js'
import { databaseTarget } from '../observe/database-target.js'

/**
 * What follows the host of a url holds an `@` when a password before it was not percent-encoded: then parts of the password
 * would be read as port or database.
 */
const isWhole = (url: string): boolean => !/^[^:]*:\/\/[^/?#]*[/?#].*@/.test(url)

const quoted = (name: string): string => JSON.stringify(name)

/** An IPv6 address in brackets, in which a url has it already. */
const hostOf = (address: string): string => (/^[^[/].*:/.test(address) ? `[${address}]` : address)

/** The same error, which says where the database is that cannot be reached or is not there; never as whom or with what. */
export function placed(failure: FunesError, { options }: pg.Pool, kind: 'server' | 'embedded'): FunesError {
  const isOfPlace = isFunesError(failure, 'DB.UNREACHABLE', 'DB.DATABASE_MISSING')
  if (!isOfPlace || kind === 'embedded' || failure.meta.host !== undefined) return failure
  if (options?.connectionString !== undefined && !isWhole(options.connectionString)) return failure
  const { namespace, address, port } = databaseTarget({ options } as pg.Pool, kind)
  if (address === undefined) return failure
  const place = `${hostOf(address)}:${port ?? 5432}`
  const message =
    failure.code === 'DB.DATABASE_MISSING'
      ? `The database ${namespace === undefined ? '' : `${quoted(namespace)} `}does not exist on ${place}.`
      : `The database ${namespace === undefined ? '' : `${quoted(namespace)} `}at ${place} cannot be reached, or the connection was lost.`
  return funesError(failure.code, message, {
    fix:
      failure.code === 'DB.DATABASE_MISSING'
        ? 'Create it, as with `create database` or createdb, or correct the name in the url.'
        : failure.fix,
    meta: {
      ...failure.meta,
      host: address,
      port: port ?? 5432,
      ...(namespace !== undefined && { database: namespace }),
    },
    cause: failure.cause,
  })
}
