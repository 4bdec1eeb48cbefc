import type pg from 'pg'
import type { Row } from '../dataset/row.js'
import type { Database } from './database.js'

/** Where a driver keeps its rows. Drivers of the same storage share one database, and so the very same index. */
export interface Storage {
  readonly name: string
  /** Tables, without rows and without the vector index. */
  create(database: Database, dimensions: number): Promise<void>
  /** Fills the empty tables in the quickest way there is; what a driver's own way costs is a scenario. */
  load(database: Database, rows: Iterable<Row>): Promise<void>
  buildIndex(database: Database, dimensions: number): Promise<void>
  /** Beside the indexed table, the same rows as the driver keeps them unasked: only for comparing the two. */
  addDefault?(database: Database): Promise<void>
  /** The tables that hold vectors, the one that drivers search first. */
  readonly tables: readonly string[]
}

/**
 * Runs `work` on a connection of its own, and commits as the server does: VACUUM passes over what is committed but not on disk
 * yet, and a table of which no page is known to be visible is read wherever an index alone would do.
 */
export async function onConnection<T>(
  database: Database,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const pool = await database.openPool({ connections: 1 })
  try {
    const client = await pool.connect()
    try {
      return await work(client)
    } finally {
      client.release()
    }
  } finally {
    await database.closePool(pool)
  }
}
