import type { CallOptions } from '../../call-options.js'
import type { Calls } from '../../calls.js'
import type { Engine } from '../../engine/engine.js'
import { checked } from '../../input.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import { createUsageCounts, type Warn } from './counts.js'
import { dropSchema, sweepSchema } from './input.js'
import { fullToolUsageOptions, type ToolUsageOptions } from './options.js'
import { createUsageQueue } from './queue.js'
import {
  type FailingTool,
  type FailingTools,
  failingTools,
  type NeverUsedTool,
  type NeverUsedTools,
  neverUsedTools,
  type TrendingTool,
  type TrendingTools,
  trendingTools,
} from './rankings.js'
import { createRecording, type Recording } from './record.js'
import { reportUsage } from './report.js'
import { createSender } from './send.js'
import { askedOfAll } from './sight.js'
import type { UsageQuery, UsageReport, UsageStats } from './types.js'
import { createUsageUpkeep, type UsageSweep } from './upkeep.js'

/**
 * What became of usages, and how tools fare. Questions cross users: they are an operator's. Under row-level security they are
 * answered for all users to the owner of the tables, inside of a transaction too, and refused to whom rows are hidden from; in
 * a scope only its own usages are told.
 */
export interface ToolUsage extends Recording {
  /**
   * What usages come to in a range of time, and in each bucket of it: calls, failures, durations, errors, users, sessions, tokens.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`, `DB.PERMISSION_DENIED`
   * @example
   * const { calls, durationMs, buckets } = await funes.tools.usage({ tool: 'search', bucket: 'day', timeZone: 'Europe/Berlin' })
   */
  usage(query?: UsageQuery): Promise<UsageReport>
  /**
   * Tools that are called more than in the window before, those that grew most first. Here, as in `failing`, `neverUsed` and the
   * ranking of `select`, all versions of a tool count together.
   *
   * @throws `INPUT.INVALID`, `DB.PERMISSION_DENIED`
   */
  trending(options?: TrendingTools): Promise<TrendingTool[]>
  /**
   * Tools that fail, those first that surely fail often.
   *
   * @throws `INPUT.INVALID`, `DB.PERMISSION_DENIED`
   */
  failing(options?: FailingTools): Promise<FailingTool[]>
  /**
   * Tools that were never called, or not since a moment; those never called first.
   *
   * @throws `INPUT.INVALID`, `DB.PERMISSION_DENIED`
   */
  neverUsed(options?: NeverUsedTools): Promise<NeverUsedTool[]>
  /**
   * Stores everything that is queued by now. `close` does it too. Where the database takes nothing it gives up after some seconds;
   * what is queued stays so, and `usageStats` tells.
   *
   * @throws `TRANSACTION.NOT_ALLOWED`; never for what could not be stored, which `usageStats` tells
   */
  flushUsage(options?: CallOptions): Promise<void>
  /** What became of the usages recorded through this Funes. */
  usageStats(): UsageStats
  /**
   * Makes the partitions of the weeks to come, adds up what is not in the totals yet, and drops rows by age where `keepRawMs` is
   * given, here or to `createFunes`. Writers do all of this by themselves, scopes and short-lived processes too, but for the default
   * partition: call it where usages are imported.
   *
   * @throws `INPUT.INVALID`, `TRANSACTION.NOT_ALLOWED`, `DB.LOCK_TIMEOUT`, `DB.PERMISSION_DENIED`
   */
  sweepUsage(options?: { keepRawMs?: number } & CallOptions): Promise<UsageSweep>
  /**
   * Drops the rows of all weeks (Monday to Monday, UTC) that ended before a moment. Totals are kept: they name nobody, and count by
   * bits how many users there were.
   *
   * @throws `INPUT.INVALID`, `TRANSACTION.NOT_ALLOWED`, `DB.LOCK_TIMEOUT`, `DB.PERMISSION_DENIED`
   */
  dropUsageBefore(
    options: { before: Date } & CallOptions,
  ): Promise<{ rawFrom: Date; droppedPartitions: readonly string[] }>
}

/** Does `store`, and what keeps the tables of usages in shape. Throws only what `store` throws. */
export type KeepUp = <T>(batch: readonly NewUsage[], store: () => Promise<T>) => Promise<T>

/** Usages, and how to end with them: `close` sends what is queued, and must be called before the engine's. */
export interface ToolUsageStore {
  readonly face: ToolUsage
  /** Stores usages of a scope, and keeps the tables in shape beside. */
  readonly keepUp: KeepUp
  close(): Promise<void>
}

const warnOnce: Warn = ({ reason }, message) =>
  process.emitWarning(`funes: ${message}`, {
    type: 'FunesWarning',
    code: `FUNES_USAGE_${String(reason).toUpperCase()}`,
  })

/** @param calls makes public calls of the methods that ask the database */
export function createToolUsage(
  engine: Engine,
  calls: Pick<Calls, 'over'>,
  options?: ToolUsageOptions,
  warn: Warn = warnOnce,
): ToolUsageStore {
  const full = fullToolUsageOptions(options)
  const counts = createUsageCounts(warn, engine.observer.usages)
  const upkeep = createUsageUpkeep(engine, full.keepRawMs, counts.stumbled)
  const queue = createUsageQueue(full, counts, createSender(engine, upkeep, counts))
  const recording = createRecording(engine, calls, { queue, counts, upkeep, batchSize: full.batchSize })

  const asking = calls.over('tools', {
    usage: (query: UsageQuery = {}) => askedOfAll(() => reportUsage(engine, query)),
    trending: (of: TrendingTools = {}) => askedOfAll(() => trendingTools(engine, of)),
    failing: (of: FailingTools = {}) => askedOfAll(() => failingTools(engine, of)),
    neverUsed: (of: NeverUsedTools = {}) => askedOfAll(() => neverUsedTools(engine, of)),
    flushUsage: async (_?: CallOptions) => {
      engine.assertOutsideTransaction('tools.flushUsage')
      await queue.flush()
    },
    sweepUsage: async (of: { keepRawMs?: number } = {}) => {
      const { keepRawMs } = checked(sweepSchema, of)
      engine.assertOutsideTransaction('tools.sweepUsage')
      return upkeep.sweep(keepRawMs)
    },
    dropUsageBefore: async (of: { before: Date }) => {
      const { before } = checked(dropSchema, of)
      engine.assertOutsideTransaction('tools.dropUsageBefore')
      return upkeep.drop(before)
    },
  })

  return {
    face: { ...recording, ...asking, usageStats: () => counts.stats(queue.size) },
    async keepUp(batch, store) {
      // Making a week holds locks until the end, which a transaction of the caller's may be far from: then it is done aside.
      if (!engine.isInTransaction()) await upkeep.prepareComing()
      const stored = await store()
      upkeep.wrote(batch)
      return stored
    },
    async close() {
      // The engine waits for it like for any call.
      const leave = engine.enter()
      try {
        await queue.close()
        await upkeep.leave()
      } finally {
        leave()
      }
    },
  }
}
