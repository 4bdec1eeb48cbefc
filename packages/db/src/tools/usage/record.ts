import type { Calls } from '../../calls.js'
import type { Engine } from '../../engine/engine.js'
import { databaseError, withMeta } from '../../errors/database-error.js'
import { isFunesError } from '../../errors/funes-error.js'
import { checked } from '../../input.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import { toolNotFound } from '../errors.js'
import type { UsageCounts } from './counts.js'
import { waitSchema } from './input.js'
import type { UsageQueue } from './queue.js'
import type { RecordManyResult, RecordOneUsage, RecordOptions, RecordUsage } from './types.js'
import type { UsageUpkeep } from './upkeep.js'
import { newUsage, newUsageAt, type Written, writeUsages } from './write.js'

/** Recording how calls of tools went. */
export interface Recording {
  /**
   * Records a call of a tool. Unless it is to wait, it only queues: it never throws and never waits, and what could not be stored
   * is counted by `usageStats`. Queued usages are stored in batches; before the process ends call `close` or `flushUsage`.
   *
   * @throws only with `wait`: `TOOL.NOT_FOUND`, `INPUT.INVALID`, `INPUT.NUL_CHARACTER`, `DB.*`
   * @example
   * await funes.tools.recordUsage({ tool: 'search', userId: 'ada', success: true, durationMs: 12.5 })
   */
  recordUsage(usage: RecordOneUsage): Promise<void>
  /**
   * Records many. With `wait` they are stored in batches before it answers: wrong arguments store nothing (`meta.index` says which),
   * and usages of tools, or versions of them, that there are none of are left out and told. Where a batch fails, others are kept (`meta.accepted` says how
   * many); inside `funes.transaction` nothing is. Usages with an `id` may then be recorded again.
   *
   * @throws only with `wait`: `INPUT.INVALID`, `INPUT.NUL_CHARACTER`, `DB.*`
   */
  recordUsageMany(usages: Iterable<RecordUsage>, options?: RecordOptions): Promise<RecordManyResult>
}

interface Means {
  readonly queue: UsageQueue
  readonly counts: UsageCounts
  readonly upkeep: UsageUpkeep
  readonly batchSize: number
}

const WRITERS = 2

/** Whether somebody waits; a getter of the caller's that throws is no reason to fail. */
function waits(given: RecordOneUsage): boolean {
  try {
    return Boolean(given?.wait)
  } catch {
    return false
  }
}

export function createRecording(
  engine: Pick<Engine, 'run' | 'isInTransaction'>,
  calls: Pick<Calls, 'over'>,
  { queue, counts, upkeep, batchSize }: Means,
): Recording {
  /** Queues a usage; one that is wrong, or for which there is no room, is counted. */
  function queued(given: RecordOneUsage): boolean {
    let ready: NewUsage
    try {
      const { wait: _wait, signal: _signal, timeoutMs: _timeoutMs, ...usage } = given ?? {}
      ready = newUsage(usage as RecordUsage)
    } catch (error) {
      // An iterator or a getter of the caller's may throw what it likes: recording is no reason to fail.
      counts.dropped('invalid', 1)
      if (isFunesError(error)) counts.stumbled(error.code)
      return false
    }
    return queue.push(ready)
  }

  /** Stores at once: in the transaction that the caller is in, or in a statement of its own. */
  async function stored(batch: readonly NewUsage[]): Promise<Written> {
    const isOwn = !engine.isInTransaction()
    // Making a partition holds locks until the end, which a caller's transaction may be far from.
    if (isOwn) await upkeep.prepare(batch)
    const written = await writeUsages(engine, batch, { isShared: isOwn })
    if (isOwn) counts.wrote(written.written)
    upkeep.wrote(batch)
    return written
  }

  const storing = calls.over('tools', {
    async recordUsage(usage: RecordUsage) {
      const { unknown } = await stored([newUsage(usage)])
      if (unknown > 0) throw toolNotFound(usage.tool, usage.version)
    },
    async recordUsageMany({ ready }: { ready: readonly NewUsage[] }): Promise<RecordManyResult> {
      const unknownTools = new Set<string>()
      let accepted = 0
      let next = 0
      async function storeNext(): Promise<void> {
        while (next < ready.length) {
          const start = next
          next += batchSize
          try {
            const { written, unknownTools: names } = await stored(ready.slice(start, start + batchSize))
            accepted += written
            for (const name of names) unknownTools.add(name)
          } catch (error) {
            next = ready.length
            throw error
          }
        }
      }
      // While the server stores one batch, the next is put together: but not on the one connection of a transaction.
      const writers = engine.isInTransaction() ? 1 : WRITERS
      const ends = await Promise.allSettled(Array.from({ length: writers }, storeNext))
      const failure = ends.find((end) => end.status === 'rejected')
      if (failure !== undefined) {
        // What other batches stored stays, but for a transaction of the caller's.
        const kept = engine.isInTransaction() ? 0 : accepted
        throw withMeta(databaseError(failure.reason), { accepted: kept })
      }
      return { accepted, dropped: ready.length - accepted, unknownTools: [...unknownTools] }
    },
  })

  return {
    async recordUsage(given) {
      if (!waits(given)) {
        queued(given)
        return
      }
      const { wait, signal, timeoutMs, ...usage } = given
      checked(waitSchema, wait)
      const limits = {
        ...(signal !== undefined && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      }
      await storing.recordUsage({ ...usage, ...limits })
    },
    async recordUsageMany(usages, options) {
      const { wait, signal, timeoutMs } = options ?? {}
      if (!wait) {
        let accepted = 0
        let all = 0
        try {
          for (const usage of usages) {
            all += 1
            if (queued(usage)) accepted += 1
          }
        } catch {
          // No iterable, or one that throws: what came before is queued.
          all += 1
          counts.dropped('invalid', 1)
        }
        return { accepted, dropped: all - accepted, unknownTools: [] }
      }
      checked(waitSchema, wait)
      const limits = {
        ...(signal !== undefined && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      }
      return storing.recordUsageMany({ ready: Array.from(usages, newUsageAt), ...limits })
    },
  }
}
