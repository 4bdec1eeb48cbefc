import type { Row } from '../dataset/row.js'
import { type Column, copyRows, insertRows } from './copy.js'
import type { Database } from './database.js'
import { onConnection } from './storage.js'

/** Fills tables from the same rows: by COPY on a server, by plain statements in this process. */
export async function fill(
  database: Database,
  rows: Iterable<Row>,
  tables: readonly { name: string; columns: readonly Column[] }[],
): Promise<void> {
  await onConnection(database, async (client) => {
    const write = database.engine === 'server' ? copyRows : insertRows
    for (const { name, columns } of tables) await write(client, name, columns, rows)
    await client.query(`vacuum analyze ${tables.map(({ name }) => name).join(', ')}`)
  })
}
