import type pg from 'pg'
import { inTransaction } from './database.js'
import { buildIndexes } from './load/indexes.js'

const SEEDED = `select id from users where metadata ->> 'seed' in (select name from funes_seed.runs)`

/**
 * Removes what seeds stored, and nothing else: the users they made with all that is theirs, and their own notes.
 * Indexes that a stopped run had dropped are built again.
 *
 * @returns how many memories were removed
 */
export async function clean(client: pg.ClientBase): Promise<number> {
  const removed = await inTransaction(client, async () => {
    await client.query('lock table users in access exclusive mode')
    const { rows: counted } = await client.query(
      `select count(*)::int4 as n from memories where user_id in (${SEEDED})`,
    )
    const { rows: others } = await client.query(`select from users where id not in (${SEEDED}) limit 1`)
    if (others.length === 0) {
      // Nobody else is here: truncating takes no time, whatever there is.
      await client.query('truncate users cascade')
    } else {
      for (const table of ['memory_embeddings', 'memory_access', 'memory_history', 'memories', 'sessions']) {
        await client.query(`delete from ${table} where user_id in (${SEEDED})`)
      }
      await client.query(`delete from users where id in (${SEEDED})`)
    }
    return counted[0].n as number
  })
  const { rows: runs } = await client.query(
    `select name, pending_indexes as "pendingIndexes" from funes_seed.runs`,
  )
  for (const { name, pendingIndexes } of runs) {
    await buildIndexes(client, name, pendingIndexes, { workBytes: 0, workers: 0, onStart: () => {} })
  }
  await client.query('drop schema funes_seed cascade')
  return removed
}
