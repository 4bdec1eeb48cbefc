import type { Engine } from '../../engine/engine.js'
import type { FunesErrorCode } from '../../errors/codes.js'
import { databaseError } from '../../errors/database-error.js'
import type { FunesError } from '../../errors/funes-error.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import type { UsageCounts } from './counts.js'
import type { UsageUpkeep } from './upkeep.js'
import { writeUsages } from './write.js'

/** A value, a constraint, a limit of the server, a trigger of somebody's: what a row can be refused for, and others of its batch not. */
const OF_ROWS = /^(22|23|44|54|P0)/
const NO_SUCH_TOOL = '23503'

/** Whether a batch was refused for what is in it. Anything else may pass, however long it takes. */
function isOfRows({ code, meta }: FunesError): boolean {
  return typeof meta.sqlstate === 'string' ? OF_ROWS.test(meta.sqlstate) : code === 'DB.QUERY_FAILED'
}

/** What no time mends: the caller's pool was ended, or the role is held to one user, and the queue is of all. */
const HOPELESS: ReadonlySet<FunesErrorCode> = new Set(['CLIENT.CLOSED', 'TENANCY.FOREIGN_USER'])

/**
 * Nobody remembers for longer than a day who was purged: what has waited for half of one, in a process that slept, is not stored
 * with a name.
 */
const MAX_HELD_MS = 12 * 3_600_000

/**
 * Stores a batch, and answers with what is to be sent again. Never throws, and counts what it did.
 *
 * @param isLast whether it will not be sent again: what is not stored then is lost
 */
export type Send = (batch: readonly NewUsage[], isLast: boolean) => Promise<readonly NewUsage[]>

/** Stores batches of the queue. Ids are made before, so a batch whose answer was lost is not stored twice. */
export function createSender(
  engine: Pick<Engine, 'run'>,
  upkeep: Pick<UsageUpkeep, 'prepare' | 'wrote'>,
  counts: UsageCounts,
): Send {
  async function store(batch: readonly NewUsage[], isLast: boolean): Promise<readonly NewUsage[]> {
    try {
      const { written, unknown, unknownTools, purged } = await writeUsages(engine, batch, {
        isShared: true,
        isQueued: true,
      })
      counts.wrote(written)
      counts.dropped('unknownTool', unknown, unknownTools)
      counts.dropped('purged', purged)
      upkeep.wrote(batch)
      return []
    } catch (error) {
      const failure = databaseError(error)
      if (isOfRows(failure)) return storeParts(batch, isLast, failure)
      if (isLast || HOPELESS.has(failure.code)) {
        counts.failed(failure.code, batch.length)
        return []
      }
      counts.stumbled(failure.code)
      return batch
    }
  }

  /** All but the rows that were refused, found by halves. */
  async function storeParts(
    batch: readonly NewUsage[],
    isLast: boolean,
    failure: FunesError,
  ): Promise<readonly NewUsage[]> {
    if (batch.length === 1) {
      // Its tool was removed between looking it up and referring to it: there is none of that name the next time.
      const isAgain = failure.meta.sqlstate === NO_SUCH_TOOL && !isLast
      if (isAgain) counts.stumbled(failure.code)
      else counts.failed(failure.code, 1)
      return isAgain ? batch : []
    }
    const half = batch.length >> 1
    const again = await store(batch.slice(0, half), isLast)
    const rest = batch.slice(half)
    return again.length > 0 ? [...again, ...rest] : store(rest, isLast)
  }

  return async (batch, isLast) => {
    const now = Date.now()
    const kept = batch.filter(({ userId, recordedAt }) => userId === null || now - recordedAt < MAX_HELD_MS)
    counts.dropped('purged', batch.length - kept.length)
    if (kept.length === 0) return []
    await upkeep.prepare(kept)
    return store(kept, isLast)
  }
}
