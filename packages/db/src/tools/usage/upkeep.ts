import type { Engine } from '../../engine/engine.js'
import { databaseError } from '../../errors/database-error.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import {
  dropBefore,
  foldDeltas,
  makeComingPartitions,
  makeMissingPartitions,
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
  /** After a batch was stored: adds up and drops what is due. Never throws. */
  wrote(batch: readonly NewUsage[]): Promise<void>
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

const weekOf = (at: number): number => Math.floor((at - FIRST_MONDAY_MS) / MS_PER_WEEK)
const mondayOf = (week: number): Date => new Date(FIRST_MONDAY_MS + week * MS_PER_WEEK)

/** @param stumbled told of failures, none of which loses a usage */
export function createUsageUpkeep(
  engine: Pick<Engine, 'run'>,
  keepRawMs: number | null,
  stumbled: (code: string) => void,
): UsageUpkeep {
  const known = new Set<number>()
  let mayMakeFrom = 0
  let cells = 0
  let foldedAt = Date.now()
  let droppedAt = 0

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
      if (folded < FOLD_MOST) return all
    }
  }

  async function drop(before: Date) {
    // Bits can be made anew only while the rows are there.
    await fold()
    const [row] = await engine.run(dropBefore(before))
    const { rawFrom, dropped } = row as NonNullable<typeof row>
    return { rawFrom, droppedPartitions: dropped }
  }

  return {
    async prepare(batch) {
      const now = Date.now()
      const thisWeek = weekOf(now)
      const weeks = new Set(batch.map(({ at }) => weekOf(at.getTime())))
      if (!known.has(thisWeek)) for (let ahead = 0; ahead <= WEEKS_AHEAD; ahead++) weeks.add(thisWeek + ahead)
      const missing = [...weeks].filter((week) => !known.has(week))
      if (missing.length === 0 || now < mayMakeFrom) return
      if (await quietly(() => engine.run(makePartitions(missing.map(mondayOf))))) {
        for (const week of missing) known.add(week)
      } else {
        mayMakeFrom = now + RETRY_MS
      }
    },
    async prepareComing() {
      const now = Date.now()
      const thisWeek = weekOf(now)
      if (known.has(thisWeek) || now < mayMakeFrom) return
      if (await quietly(() => engine.run(makeComingPartitions))) {
        for (let ahead = 0; ahead <= WEEKS_AHEAD; ahead++) known.add(thisWeek + ahead)
      } else {
        mayMakeFrom = now + RETRY_MS
      }
    },
    async wrote(batch) {
      cells += new Set(batch.map(({ tool, at }) => `${Math.floor(at.getTime() / MS_PER_QUARTER)} ${tool}`))
        .size
      const now = Date.now()
      const age = now - foldedAt
      const isDue =
        age >= FOLD_EVERY_MS || (cells >= FOLD_AT && age >= FOLD_PAUSE_MS) || cells >= FOLD_AT_ONCE
      if (isDue) await quietly(fold)
      if (keepRawMs !== null && now - droppedAt >= DROP_EVERY_MS) {
        droppedAt = now
        await quietly(() => drop(new Date(now - keepRawMs)))
      }
    },
    async leave() {
      if (cells > 0) await quietly(fold)
    },
    async sweep(keepMs = keepRawMs ?? undefined) {
      const now = Date.now()
      const ahead = Array.from({ length: WEEKS_AHEAD + 1 }, (_, i) => new Date(now + i * MS_PER_WEEK))
      const [made] = await engine.run(makePartitions(ahead))
      const [moved] = await engine.run(makeMissingPartitions)
      const folded = await fold()
      const { droppedPartitions } =
        keepMs === undefined ? { droppedPartitions: [] } : await drop(new Date(now - keepMs))
      return { madePartitions: (made?.made ?? 0) + (moved?.made ?? 0), folded, droppedPartitions }
    },
    drop,
  }
}
