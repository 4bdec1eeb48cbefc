import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import { beginCall, inCall, untilAborted } from '../engine/call.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { withSession } from '../engine/session.js'
import { databaseError } from '../errors/database-error.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import { checked, idText } from '../input.js'
import {
  claimUser,
  countUserRows,
  lockTableWrites,
  lockUser,
  removeUserRows,
  type UserTable,
  vacuumTables,
} from '../sql/purge.js'
import { lockTotals, notePurged, unlimitTransaction } from '../sql/purge-totals.js'
import { meaningAllUsers } from './all-users.js'
import { type PurgeReceipt, purgeDigest } from './purge-receipt.js'
import { type PurgeTotals, takeOutOfTotals } from './purge-totals.js'
import { readUserTables, standsOnUsers, type UserTables } from './user-tables.js'

/** How far a purge has come. */
export interface PurgeProgress {
  /** The table that rows were removed from. */
  readonly table: string
  /** Rows removed so far, of all tables. */
  readonly done: number
  /** Rows that there were when it began. */
  readonly total: number
}

/** Whose rows to remove. */
export interface Purge extends CallOptions {
  userId: string
  /** Rows a transaction, 1 to 50,000; 2,000 unless given. */
  batchSize?: number
  /**
   * Vacuums the tables afterwards. Until the next vacuum the pages of a vector index still hold the vectors of removed rows,
   * though no search finds them; and so do the tables. Needs their owner, and where much of an index is gone it takes minutes:
   * `indexes.rebuild`, called instead, takes them out of that index sooner.
   */
  vacuum?: boolean
  /** Called after each batch. */
  onProgress?: (progress: PurgeProgress) => void
}

/** Removes all that there is of a user, for good. */
export type PurgeUser = (purge: Purge) => Promise<PurgeReceipt>

interface Purging {
  readonly userId: string
  readonly batchSize: number
  readonly vacuum: boolean
  readonly onProgress: ((progress: PurgeProgress) => void) | undefined
  /** Heeded until the user is gone; afterwards there is a receipt to be given. */
  readonly signal: AbortSignal | undefined
}

type Counts = Record<string, number>

const sum = (counts: Counts) => Object.values(counts).reduce((a, b) => a + b, 0)

async function countRows(executor: Executor, tables: readonly UserTable[], userId: string): Promise<Counts> {
  if (tables.length === 0) return {}
  const rows = await executor.run(countUserRows(tables, userId))
  return Object.fromEntries(rows.map(({ place, rows }) => [(tables[place] as UserTable).name, rows]))
}

function incomplete(meta: Record<string, unknown>, cause?: unknown) {
  return funesError('PURGE.INCOMPLETE', 'Rows of the user could not be removed.', {
    fix: 'Remove what `meta` names (a row of another table that refers to them, a trigger that keeps them), and purge again.',
    meta,
    ...(cause !== undefined && { cause }),
  })
}

/** Removes what there is, batch by batch, while others may still be writing. */
async function removeInBatches(engine: Engine, { own }: UserTables, purging: Purging): Promise<Counts> {
  const { userId, batchSize, onProgress } = purging
  const total = sum(await meaningAllUsers(engine, (executor) => countRows(executor, own, userId)))
  const removed: Counts = {}
  let done = 0
  async function batch(table: UserTable): Promise<number> {
    const [row] = await meaningAllUsers(engine, (executor) =>
      executor.run(removeUserRows(table, userId, batchSize)),
    )
    const count = row?.removed ?? 0
    removed[table.name] = (removed[table.name] ?? 0) + count
    done += count
    if (count > 0) await onProgress?.({ table: table.name, done, total: Math.max(total, done) })
    return count
  }
  // The user itself goes last, when nobody can write for it.
  for (const table of own.filter(({ name }) => name !== 'users')) {
    try {
      while ((await batch(table)) >= batchSize) {}
    } catch (error) {
      // Somebody has written a row that refers to one of these: that is dealt with under the lock.
      if (!isFunesError(error, 'DB.CONSTRAINT')) throw error
    }
  }
  return removed
}

/**
 * Removes what is left, and the user, in one transaction that nobody can write for the user beside, and counts in it that
 * nothing remains. Whoever was about to store for the user fails, or comes afterwards and makes it anew; usages of tools that
 * are queued, in whatever process, are not stored.
 */
async function removeRest(
  engine: Engine,
  userId: string,
  totals: PurgeTotals,
): Promise<{ removed: Counts; remaining: Counts }> {
  try {
    return await meaningAllUsers(engine, async (executor) => {
      // Before the tables: who drops rows takes these in the same order.
      await executor.run(lockTotals)
      const [claimed] = await executor.run(claimUser(userId))
      await executor.run(lockUser(userId))
      // Read again: partitions may have come meanwhile.
      const { own, parts } = await readUserTables(executor)
      for (const table of own) {
        if (!standsOnUsers(table, own)) await executor.run(lockTableWrites(table))
      }
      const removed: Counts = {}
      for (const table of own) {
        const [row] = await executor.run(removeUserRows(table, userId, null))
        const isClaimed = table.name === 'users' && claimed !== undefined
        removed[table.name] = (row?.removed ?? 0) - Number(isClaimed)
      }
      const seen = [...own, ...parts.filter(({ isReadable, isHidden }) => isReadable && !isHidden)]
      const remaining = await countRows(executor, seen, userId)
      const tables = Object.keys(remaining).filter((name) => remaining[name] !== 0)
      if (tables.length > 0) throw incomplete({ tables })
      await totals.finish(executor, (removed.tool_usage ?? 0) > 0)
      // Last, as it says until when what was queued for the user is not to be stored.
      await executor.run(notePurged(userId))
      return { removed, remaining }
    })
  } catch (error) {
    if (!isFunesError(error, 'DB.CONSTRAINT')) throw error
    throw incomplete({ constraint: error.meta.constraint }, error)
  }
}

/** Runs `work`, whose statements end when the signal aborts. */
async function underSignal<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const { call, end } = beginCall('funes.purge', signal === undefined ? {} : { signal })
  try {
    return await inCall(call, work)
  } finally {
    end()
  }
}

/** A day: nobody knows how large other people's tables are. */
const LOOK_MS = 86_400_000

/**
 * Looks for rows of the user in tables that are not of Funes. Never throws, not even when it is called off: the user is gone,
 * and that has to be told.
 */
async function lookAround(engine: Engine, foreign: readonly UserTable[], { userId, signal }: Purging) {
  const remaining: Counts = {}
  const unread: string[] = []
  for (const table of foreign) {
    try {
      if (table.isHidden) unread.push(table.name)
      else {
        const look = async (executor: Executor) => {
          await executor.run(unlimitTransaction)
          return countRows(executor, [table], userId)
        }
        const counted = await underSignal(signal, () => engine.transaction(look, { timeoutMs: LOOK_MS }))
        Object.assign(remaining, counted)
      }
    } catch {
      unread.push(table.name)
    }
  }
  return { remaining, unread }
}

/** What kept the tables from being vacuumed; null when nothing did. */
async function vacuumTrouble(
  engine: Engine,
  own: readonly UserTable[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    signal?.throwIfAborted()
    // Called off, it goes on by itself: nobody waits for it any more.
    await untilAborted(
      withSession(engine.pool, (session) => session.run(vacuumTables(own))),
      signal,
    )
    return null
  } catch (error) {
    return databaseError(error).code
  }
}

const inOrder = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))

async function purgeUser(engine: Engine, purging: Purging): Promise<PurgeReceipt> {
  const { userId, vacuum, signal } = purging
  const startedAt = new Date()
  const tables = await readUserTables(engine)
  const others = tables.own.filter(({ isVacuumable }) => !isVacuumable)
  if (vacuum && others.length > 0) {
    throw funesError('DB.PERMISSION_DENIED', 'This role may not vacuum the tables of Funes.', {
      fix: 'Purge as their owner, or leave `vacuum` out.',
      meta: { tables: others.map(({ name }) => name) },
    })
  }
  // Behind some poolers there is no session to vacuum in: that is to be known before anything is removed.
  if (vacuum) await withSession(engine.pool, async () => {})
  const { totals, first } = await underSignal(signal, async () => {
    const totals = await takeOutOfTotals(engine, userId)
    const first = await removeInBatches(engine, tables, purging)
    await totals.settle()
    return { totals, first }
  })
  signal?.throwIfAborted()
  const { removed: rest, remaining: none } = await removeRest(engine, userId, totals)
  const removed = Object.fromEntries(
    Object.entries(rest).map(([name, count]) => [name, count + (first[name] ?? 0)]),
  )
  const vacuumError = vacuum ? await vacuumTrouble(engine, tables.own, signal) : null
  const around = await lookAround(engine, tables.foreign, purging)
  const remaining = inOrder({ ...none, ...around.remaining })
  const receipt = {
    userId,
    startedAt,
    finishedAt: new Date(),
    removed: inOrder(removed),
    remaining,
    left: Object.keys(remaining).filter((name) => remaining[name] !== 0),
    unread: around.unread,
    unmarkedTotals: totals.unmarked(),
    vacuumed: vacuum && vacuumError === null,
    vacuumError,
  }
  return { ...receipt, digest: purgeDigest(receipt) }
}

const purgeSchema = z.strictObject({
  userId: idText,
  batchSize: z.int().min(1).max(50_000).optional(),
  vacuum: z.boolean().optional(),
  onProgress: z
    .custom<(progress: never) => void>((f) => typeof f === 'function', 'must be a function')
    .optional(),
  signal: z.instanceof(AbortSignal).optional(),
})

export function createPurge(engine: Engine): PurgeUser {
  return async (purge) => {
    engine.assertOutsideTransaction('purge')
    const { userId, batchSize = 2000, vacuum = false, signal } = checked(purgeSchema, purge)
    return purgeUser(engine, { userId, batchSize, vacuum, onProgress: purge.onProgress, signal })
  }
}
