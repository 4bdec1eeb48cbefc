import { AsyncLocalStorage } from 'node:async_hooks'
import type { Engine } from '../../engine/engine.js'
import { databaseError } from '../../errors/database-error.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import {
  dropRest,
  dropWeek,
  foldDeltas,
  makeComingPartitions,
  makeMissingPartition,
  makePartitions,
} from '../../sql/tool-usage-upkeep.js'

/** What a sweep did. */
export interface UsageSweep {
  /** Weeks whose partitions were made. */
  readonly madePartitions: number
  /** Changes that were added up into the rollups. */
  readonly folded: number
  /** Partitions that were dropped with their rows. */
  readonly droppedPartitions: readonly string[]
}

/** Keeps the tables of usages in shape while they are written to. */
export interface UsageUpkeep {
  /** Makes the weeks that a batch falls into, and those to come. Never throws: without a week, rows go to the default one. */
  prepare(batch: readonly NewUsage[]): Promise<void>
  /** Makes the running week and those to come, for a role that may make no others. Never throws. */
  prepareComing(): Promise<void>
  /**
   * After a batch was stored, perhaps in a transaction of the caller's: begins to make weeks, to add up and to drop what is due.
   * That is nobody's call, so nobody waits for it.
   */
  wrote(batch: readonly NewUsage[]): void
  /** @param keepMs in place of the age that was set at the start */
  sweep(keepMs?: number): Promise<UsageSweep>
  /** Adds up what this process has stored and nobody has added up yet: it may live for moments only. Never throws. */
  leave(): Promise<void>
  drop(before: Date): Promise<{ rawFrom: Date; droppedPartitions: readonly string[] }>
}

const MS_PER_WEEK = 7 * 86_400_000
const MS_PER_QUARTER = 900_000
/** 1970-01-05, the first Monday. */
const FIRST_MONDAY_MS = 4 * 86_400_000
const WEEKS_AHEAD = 4
const RETRY_MS = 60_000

/** Deltas are read by every question, so they are added up before there are many; but in larger lots while very many come. */
const FOLD_AT = 2_000
const FOLD_AT_ONCE = 20_000
const FOLD_PAUSE_MS = 2_000
const FOLD_EVERY_MS = 60_000
const FOLD_MOST = 20_000
const DROP_EVERY_MS = 3_600_000

/** Runs something outside of the call and the transaction of whoever stored a batch. */
const outside = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T

const weekOf = (at: number): number => Math.floor((at - FIRST_MONDAY_MS) / MS_PER_WEEK)
const mondayOf = (week: number): Date => new Date(FIRST_MONDAY_MS + week * MS_PER_WEEK)

/** @param stumbled told of failures, none of which loses a usage */
export function createUsageUpkeep(
  engine: Pick<Engine, 'run' | 'enter'>,
  keepRawMs: number | null,
  stumbled: (code: string) => void,
): UsageUpkeep {
  const known = new Set<number>()
  let mayMakeFrom = 0
  let cells = 0
  let hasWritten = false
  // The first batch of a process adds up what others left that lived for moments only.
  let foldedAt = Number.NEGATIVE_INFINITY
  let droppedAt = Number.NEGATIVE_INFINITY
  let keeping: Promise<void> | undefined
  let isLeaving = false

  async function quietly(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      stumbled(databaseError(error).code)
      return false
    }
  }

  async function fold(): Promise<number> {
    cells = 0
    foldedAt = Date.now()
    let all = 0
    for (;;) {
      const [row] = await engine.run(foldDeltas(FOLD_MOST))
      const folded = row?.folded ?? 0
      all += folded
      // Whoever leaves does not see to it that others' are added up too.
      if (folded < FOLD_MOST || isLeaving) return all
    }
  }

  /**
   * Each week for itself: the table is locked while one is dropped.
   *
   * @param isUrgent whether somebody waits for it, also while Funes is being closed
   */
  async function drop(before: Date, isUrgent = true) {
    // Bits can be made anew only while the rows are there.
    await fold()
    const droppedPartitions: string[] = []
    while (isUrgent || !isLeaving) {
      const [row] = await engine.run(dropWeek(before))
      const dropped = row?.dropped ?? null
      if (dropped === null) break
      droppedPartitions.push(dropped)
    }
    const [row] = await engine.run(dropRest(before))
    return { rawFrom: (row as NonNullable<typeof row>).rawFrom, droppedPartitions }
  }

  function isFoldDue(): boolean {
    const age = Date.now() - foldedAt
    return age >= FOLD_EVERY_MS || (cells >= FOLD_AT && age >= FOLD_PAUSE_MS) || cells >= FOLD_AT_ONCE
  }

  const isDropDue = () => keepRawMs !== null && Date.now() - droppedAt >= DROP_EVERY_MS

  const areWeeksDue = () => !known.has(weekOf(Date.now()) + WEEKS_AHEAD) && Date.now() >= mayMakeFrom

  async function prepareComing(): Promise<void> {
    const now = Date.now()
    if (!areWeeksDue()) return
    if (await quietly(() => engine.run(makeComingPartitions))) {
      for (let ahead = 0; ahead <= WEEKS_AHEAD; ahead++) known.add(weekOf(now) + ahead)
    } else {
      mayMakeFrom = now + RETRY_MS
    }
  }

  async function keep(): Promise<void> {
    // Whoever closes waits for it like for any call.
    const leave = engine.enter()
    try {
      await prepareComing()
      if (isFoldDue()) await quietly(fold)
      if (keepRawMs === null || isLeaving || !isDropDue()) return
      droppedAt = Date.now()
      await quietly(() => drop(new Date(Date.now() - keepRawMs), false))
    } finally {
      leave()
    }
  }

  /** Every week that rows wait for, one by one. */
  async function makeMissing(): Promise<number> {
    for (let all = 0; ; all += 1) {
      const [row] = await engine.run(makeMissingPartition)
      if ((row?.made ?? 0) === 0) return all
    }
  }

  return {
    async prepare(batch) {
      const now = Date.now()
      const weeks = new Set(batch.map(({ at }) => weekOf(at.getTime())))
      for (let ahead = 0; ahead <= WEEKS_AHEAD; ahead++) weeks.add(weekOf(now) + ahead)
      const missing = [...weeks].filter((week) => !known.has(week))
      if (missing.length === 0 || now < mayMakeFrom) return
      if (await quietly(() => engine.run(makePartitions(missing.map(mondayOf))))) {
        for (const week of missing) known.add(week)
      } else {
        mayMakeFrom = now + RETRY_MS
      }
    },
    prepareComing,
    wrote(batch) {
      cells += new Set(batch.map(({ tool, at }) => `${Math.floor(at.getTime() / MS_PER_QUARTER)} ${tool}`))
        .size
      hasWritten = true
      if (keeping !== undefined || isLeaving || !(isFoldDue() || isDropDue() || areWeeksDue())) return
      keeping = outside(keep).finally(() => {
        keeping = undefined
      })
    },
    async leave() {
      isLeaving = true
      await keeping
      if (hasWritten) await quietly(fold)
    },
    async sweep(keepMs = keepRawMs ?? undefined) {
      // Who adds up is left to it: here that should be whoever is asked to.
      await keeping
      const now = Date.now()
      const ahead = Array.from({ length: WEEKS_AHEAD + 1 }, (_, i) => new Date(now + i * MS_PER_WEEK))
      const [made] = await engine.run(makePartitions(ahead))
      const moved = await makeMissing()
      const folded = await fold()
      const { droppedPartitions } =
        keepMs === undefined ? { droppedPartitions: [] } : await drop(new Date(now - keepMs))
      return { madePartitions: (made?.made ?? 0) + moved, folded, droppedPartitions }
    },
    async drop(before) {
      await keeping
      return drop(before)
    },
  }
}
