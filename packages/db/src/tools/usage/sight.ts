import type { Engine } from '../../engine/engine.js'
import { type FunesError, funesError, isFunesError } from '../../errors/funes-error.js'
import type { Statement } from '../../sql/statement.js'
import { meantOnce, type SightRow } from '../../sql/tool-usage-sight.js'

/** Where questions about usages are asked. */
export interface Asking extends Pick<Engine, 'run' | 'isInTransaction'> {
  /** Whether it is the scope of one user or tenant, from which the rows of all users are never meant. */
  readonly isScoped?: boolean
}

const LACKS_RIGHT = '42501'

function usagesHidden(cause?: FunesError): FunesError {
  return funesError(
    'DB.PERMISSION_DENIED',
    'Usages that this asks about are hidden from the role of this connection.',
    {
      fix: 'Ask in the scope of a user or a tenant (`funes.as`), or connect as the owner of the tables, or as a role with bypassrls.',
      ...(cause !== undefined && { meta: cause.meta, cause }),
    },
  )
}

/** Says of a question over the usages of all users that is refused for a lack of rights who may ask it. */
export async function askedOfAll<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!isFunesError(error, 'DB.PERMISSION_DENIED') || error.meta.sqlstate !== LACKS_RIGHT) throw error
    throw usagesHidden(error)
  }
}

/** How rows are read that a question asks about. */
export interface Reading {
  /** Whether statements over rows are to mean those of all users. */
  readonly ofAllUsers: boolean
  run<Row>(statement: Statement<Row>): Promise<Row[]>
}

/**
 * Rows are read of all users, or, in a scope, of those that are in it. Who sees fewer than are asked about would count too few,
 * and nobody would notice.
 *
 * @param isOfScope whether it can be asked in a scope, of whose rows it then is
 * @throws `DB.PERMISSION_DENIED`
 */
export function readingOf(
  asking: Asking,
  { sight, scope }: SightRow,
  { isOfScope }: { isOfScope: boolean },
): Reading {
  if (sight === 'none' || (sight === 'own' && !isOfScope)) throw usagesHidden()
  const ofAllUsers = sight !== 'own' && asking.isScoped !== true
  return {
    ofAllUsers,
    // In a transaction what is said lasts until its end.
    run: (of) => asking.run(ofAllUsers && asking.isInTransaction() ? meantOnce(of, scope) : of),
  }
}
