import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { databaseError, isConnectionLost } from '../errors/database-error.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import { listenForProbe, notifyProbe, stopListening } from '../sql/backend.js'
import { selectBackend } from '../sql/indexes.js'
import { compile, type Statement } from '../sql/statement.js'
import { connectBeside } from './beside-pool.js'
import { currentCall } from './call.js'
import { runOn } from './on-client.js'
import { isEmbedded } from './pool.js'

/** A notification arrives about when its sender is answered; who has not heard of it so much later will not. */
const HEARING_MS = 500
/** So long its sender may take to be connected. */
const TELLING_MS = 10_000
/** A pooler with many connections may give us the one that listens no more: it would listen to what nobody says. */
const MAX_TIDIES = 20

/** What was found out of each pool: a pooler does not change its ways. */
const known = new WeakMap<pg.Pool, Promise<boolean>>()

/**
 * Whether the server's process stays with the connection while nothing runs on it: a notification reaches it then, which
 * one that a pooler has taken away and may have given to somebody else does not hear.
 */
async function hearsWhileIdle(pool: pg.Pool, client: pg.ClientBase): Promise<boolean> {
  const nonce = randomUUID()
  let hear = () => {}
  const heard = new Promise<boolean>((resolve) => {
    hear = () => resolve(true)
  })
  const onNotification = ({ payload }: pg.Notification) => payload === nonce && hear()
  const timer = new AbortController()
  let listener: number | undefined
  client.on('notification', onNotification)
  try {
    listener = await pidOf(client, listenForProbe)
    const after = (ms: number) => sleep(ms, false, { signal: timer.signal }).catch(() => false)
    return await Promise.race([heard, after(TELLING_MS), tell(pool, nonce).then(() => after(HEARING_MS))])
  } catch (error) {
    const failure = databaseError(error)
    if (isConnectionLost(failure)) throw failure
    // A pooler that does not let a session listen gives it no process of its own.
    return false
  } finally {
    timer.abort()
    client.off('notification', onNotification)
    await tidy(client, listener).catch(() => {})
  }
}

/** The process that ran statements of which the last but one asks for it. */
async function pidOf(client: pg.ClientBase, statements: Statement<never>): Promise<number> {
  const results = (await client.query(compile(statements).text)) as unknown as pg.QueryResult<{
    pid: number
  }>[]
  return results.at(-2)?.rows[0]?.pid as number
}

async function tidy(client: pg.ClientBase, listener: number | undefined): Promise<void> {
  for (let tried = 0; tried < MAX_TIDIES && listener !== undefined; tried++) {
    if ((await pidOf(client, stopListening)) === listener) return
  }
}

async function tell(pool: pg.Pool, nonce: string): Promise<void> {
  const beside = await connectBeside(pool)
  try {
    await beside.run(notifyProbe(nonce))
  } finally {
    void beside.end()
  }
}

/**
 * Whether what is set or locked on `client` outside of a transaction stays with it, and with nobody else. On a connection to
 * the server itself the process has the number that the server gave when it was opened; any pooler gives another.
 */
export async function hasOwnBackend(pool: pg.Pool, client: pg.ClientBase): Promise<boolean> {
  const { processID } = client as { processID?: number | null }
  // Without a number there is nobody to have made one up.
  if (isEmbedded(pool) || typeof processID !== 'number') return true
  const [backend] = await runOn(client, selectBackend)
  if (backend?.pid === processID) return true
  let answer = known.get(pool)
  if (answer === undefined) {
    answer = hearsWhileIdle(pool, client)
    known.set(pool, answer)
    answer.catch(() => known.delete(pool))
  }
  return answer
}

function needsOwnBackend(): FunesError {
  const operation = currentCall()?.operation
  return funesError(
    'DB.POOLER',
    `A pooler in between gives its connections out by transaction, and ${operation ?? 'this'} needs one for itself.`,
    {
      fix: 'Give createFunes the url of the server itself for this call, or that of a pool in session mode.',
      meta: { operation },
    },
  )
}

/**
 * Whether work that needs a session of its own can be done on `pool`.
 *
 * @throws `DB.*`
 */
export async function allowsSessions(pool: pg.Pool): Promise<boolean> {
  if (isEmbedded(pool)) return true
  const client = await pool.connect().catch((error: unknown) => {
    throw databaseError(error)
  })
  try {
    return await hasOwnBackend(pool, client)
  } catch (error) {
    throw databaseError(error)
  } finally {
    client.release()
  }
}

/**
 * For what is to be refused before it has begun.
 *
 * @throws `DB.POOLER`, `DB.*`
 */
export async function assertSessions(pool: pg.Pool): Promise<void> {
  if (!(await allowsSessions(pool))) throw needsOwnBackend()
}

/** @throws `DB.POOLER`, `DB.*` */
export async function assertOwnBackend(pool: pg.Pool, client: pg.ClientBase): Promise<void> {
  let isOwn: boolean
  try {
    isOwn = await hasOwnBackend(pool, client)
  } catch (error) {
    throw databaseError(error)
  }
  if (!isOwn) throw needsOwnBackend()
}
