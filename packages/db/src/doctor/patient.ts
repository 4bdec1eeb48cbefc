import type pg from 'pg'
import { connectBeside, isFull } from '../engine/beside-pool.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { hasOwnBackend } from '../engine/own-backend.js'
import { databaseError } from '../errors/database-error.js'
import { meaningAllUsers } from '../lifecycle/all-users.js'
import { beginLook, endLook } from '../sql/doctor.js'
import { selectBackend } from '../sql/indexes.js'
import { meanAllUsers } from '../sql/purge.js'
import { compile } from '../sql/statement.js'

/** The process of the server behind a connection. */
export interface Backend {
  /** As it was named when the connection was opened; undefined where nobody did. */
  readonly announced: number | undefined
  /** As it names itself. */
  readonly actual: number
  /** Whether it stays with the connection; undefined where that was not tried. */
  readonly staysWithUs: boolean | undefined
}

/** What checks look at. */
export interface Patient {
  readonly engine: Engine
  /** Where statements run: the pool, or a connection beside it where that has none left. */
  readonly executor: Executor
  /** Runs `work` in a transaction that means the rows of all users, where row-level security asks. */
  allUsers<T>(work: (executor: Executor) => Promise<T>): Promise<T>
  /** Who answers on one of the connections. */
  backend(): Promise<Backend>
}

const announcedTo = (client: pg.ClientBase) =>
  (client as { processID?: number | null }).processID ?? undefined

async function backendOf(pool: pg.Pool): Promise<Backend> {
  const client = await pool.connect()
  try {
    const { text, values } = compile(selectBackend)
    const { rows } = await client.query(text, values)
    const staysWithUs = await hasOwnBackend(pool, client)
    return { announced: announcedTo(client), actual: rows[0].pid, staysWithUs }
  } catch (error) {
    throw databaseError(error)
  } finally {
    client.release()
  }
}

/** The pool, or a connection beside it while all of the pool are in use. */
export async function admit(engine: Engine): Promise<Patient & { readonly end: () => Promise<void> }> {
  if (engine.kind === 'embedded' || !isFull(engine.pool)) {
    return {
      engine,
      executor: engine,
      allUsers: (work) => meaningAllUsers(engine, work),
      backend: () => backendOf(engine.pool),
      end: async () => {},
    }
  }
  const beside = await connectBeside(engine.pool)
  return {
    engine,
    executor: beside,
    async allUsers(work) {
      await beside.run(beginLook)
      try {
        await beside.run(meanAllUsers)
        return await work(beside)
      } finally {
        await beside.run(endLook)
      }
    },
    async backend() {
      const [row] = await beside.run(selectBackend)
      return { announced: beside.processId, actual: row?.pid ?? 0, staysWithUs: undefined }
    },
    end: () => beside.end(),
  }
}
