import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { meaningAllUsers } from '../lifecycle/all-users.js'
import { selectHidden } from '../sql/archive-tables.js'
import { meanAllUsers } from '../sql/purge.js'
import { limitLockWait } from '../sql/reembed.js'

/** For a statement that looks at every row: as long as it takes. */
const LONG_MS = 86_400_000
const LOCK_WAIT_MS = 10_000

/**
 * Makes sure that no rows are kept from this connection: what is done to a model is done to the vectors of all users, and
 * who sees none of them would find nothing to do.
 *
 * @throws `DB.PERMISSION_DENIED`
 */
export async function assertSeesEveryone(executor: Executor): Promise<void> {
  const hidden = await executor.run(selectHidden)
  if (hidden.length === 0) return
  throw funesError(
    'DB.PERMISSION_DENIED',
    'Row-level security hides rows from the role of this connection.',
    {
      fix: 'Vectors of a model are of all users: call it as the owner of the tables, or as a role with bypassrls.',
      meta: { tables: hidden.map(({ table }) => table) },
    },
  )
}

/** Runs each statement in a transaction of its own, that means the rows of all users where row-level security asks. */
export function everyone(engine: Engine): Executor {
  return { run: (statement) => meaningAllUsers(engine, (transaction) => transaction.run(statement)) }
}

/** The same for a few statements that look at every row, and may take longer than an ordinary one. */
export function atLength<T>(engine: Engine, work: (executor: Executor) => Promise<T>): Promise<T> {
  return engine.transaction(
    async (transaction) => {
      await transaction.run(limitLockWait(LOCK_WAIT_MS))
      await transaction.run(meanAllUsers)
      return work(transaction)
    },
    { timeoutMs: LONG_MS },
  )
}
