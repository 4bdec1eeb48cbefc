import type pg from 'pg'
import { inTransaction } from './database.js'
import { buildAllIndexes } from './load/indexes.js'
import { addMissingColumns, resetRuns } from './load/runs.js'
import { removeModels } from './load/seeded-model.js'

/** Tables of Funes with rows of users, those that others refer to last. */
const OF_USERS = ['memory_embeddings', 'memory_access', 'memory_history', 'memories', 'sessions'] as const
const TABLES = [...OF_USERS, 'users']

const SEEDED = `select id from users where metadata ->> 'seed' in (select name from funes_seed.runs)`

const SELECT_OTHERS = `
  select
    exists (select from users where id not in (${SEEDED})) as users,
    exists (
      select from pg_constraint
      where contype = 'f' and confrelid = any($1::regclass[]) and conrelid <> all($1::regclass[])
    ) as tables`

/** Removes the rows; of the application's own tables only what their foreign keys say goes with a user. */
async function removeRows(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(SELECT_OTHERS, [TABLES])
  if (!rows[0].users && !rows[0].tables) {
    // Nobody else is here: truncating takes no time, whatever there is.
    await client.query(`truncate ${TABLES.join(', ')}`)
    return
  }
  for (const table of OF_USERS) await client.query(`delete from ${table} where user_id in (${SEEDED})`)
  await client.query(`delete from users where id in (${SEEDED})`)
}

/**
 * Removes what seeds stored, and nothing else: the users they made with all that is theirs, the models they
 * registered unless somebody else uses them by now, and their own notes. Indexes that a stopped run had dropped are
 * built again. Stopped half-way, it can be called again, and so can the seeds.
 *
 * @returns how many memories were removed
 * @throws what `signal` was aborted with; errors of the database
 */
export async function clean(client: pg.ClientBase, signal: AbortSignal): Promise<number> {
  await addMissingColumns(client)
  const removed = await inTransaction(client, async () => {
    await client.query('lock table users in access exclusive mode')
    const { rows: counted } = await client.query(
      `select count(*)::int4 as n from memories where user_id in (${SEEDED})`,
    )
    signal.throwIfAborted()
    await removeRows(client)
    await removeModels(client)
    // With the rows goes the count of them: whatever happens next, no seed takes them for stored.
    await resetRuns(client)
    signal.throwIfAborted()
    return counted[0].n as number
  })
  await buildAllIndexes(client, { workBytes: 0, workers: 0, onStart: () => signal.throwIfAborted() })
  await client.query('drop schema funes_seed cascade')
  return removed
}
