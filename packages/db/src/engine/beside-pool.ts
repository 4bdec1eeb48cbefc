import pg from 'pg'
import { databaseError } from '../errors/database-error.js'
import { compile, type Statement } from '../sql/statement.js'
import type { Executor } from './executor.js'
import { placed } from './place.js'

/** A connection to the pool's server that is not the pool's. */
export interface BesidePool extends Executor {
  /** The server's process, as it was named when the connection was opened. */
  readonly processId: number | undefined
  end(): Promise<void>
}

/**
 * Opens one, for what must be possible while every connection of the pool is in use: to look who uses them, and to end a
 * build. Never for the embedded engine, which has one connection.
 *
 * @throws `DB.*`
 */
export async function connectBeside(pool: pg.Pool): Promise<BesidePool> {
  const { Client = pg.Client, ...options } = pool.options
  const client = new Client(options as pg.ClientConfig) as pg.Client
  // Without a listener a connection that drops would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => {})
    throw placed(databaseError(error), pool, 'server')
  }
  return {
    processId: (client as { processID?: number | null }).processID ?? undefined,
    async run<Row>(statement: Statement<Row>) {
      const { text, values } = compile(statement)
      try {
        return (await client.query(text, values)).rows as Row[]
      } catch (error) {
        throw databaseError(error)
      }
    },
    end: () => client.end().catch(() => {}),
  }
}

/** Whether every connection that the pool may open is in use. */
export function isFull(pool: pg.Pool): boolean {
  const max = pool.options?.max ?? 10
  return pool.totalCount >= max && pool.idleCount === 0
}
