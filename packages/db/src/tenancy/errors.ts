import { databaseError } from '../errors/database-error.js'
import { type FunesError, funesError, isFunesError } from '../errors/funes-error.js'

/** The answer to a call that reaches beyond its scope. The ids are not repeated: one of them is somebody else's. */
export function foreignUser(path: string): FunesError {
  return funesError(
    'TENANCY.FOREIGN_USER',
    'The call is in the scope of one user, and was for somebody else.',
    {
      fix: 'Leave `userId` out, or open the scope of that user with `funes.as`.',
      meta: { path },
    },
  )
}

/** The answer to a call that opens a scope in the middle of another's transaction, of which the one would see the other. */
export function foreignScope(): FunesError {
  return funesError(
    'TENANCY.FOREIGN_USER',
    'The call opens a scope inside of the transaction of another one, which is held to its own.',
    {
      fix: 'Call it outside of that transaction. Inside of the transaction of a tenant, its own users can be opened, once they exist.',
    },
  )
}

/** The answer to a call that only the database itself could hold to its scope. */
export function tenancyOff(what: string): FunesError {
  return funesError('TENANCY.OFF', `${what} needs row-level security, which is off in this database.`, {
    fix: 'Call `funes.tenancy.enable()` once, as the owner of the tables.',
  })
}

/** What a transaction's callback threw, with a name where it was the policies that refused a row. */
export function scopeError(error: unknown): unknown {
  if (isFunesError(error)) return error
  const translated = databaseError(error)
  return isFunesError(translated, 'TENANCY.FOREIGN_USER') ? translated : error
}
