import type { Engine } from '../../engine/engine.js'
import type { FunesErrorCode } from '../../errors/codes.js'
import { databaseError } from '../../errors/database-error.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import type { UsageCounts } from './counts.js'
import type { Patience, Sent } from './queue.js'
import type { UsageUpkeep } from './upkeep.js'
import { writeUsages } from './write.js'

/** What may go better the next time. A tool may have been removed between looking it up and referring to it. */
const MAY_PASS: ReadonlySet<FunesErrorCode> = new Set([
  'DB.UNREACHABLE',
  'DB.POOL_EXHAUSTED',
  'DB.AUTH_FAILED',
  'DB.TIMEOUT',
  'DB.LOCK_TIMEOUT',
  'DB.CONFLICT',
  'DB.CONSTRAINT',
  'DB.NOT_MIGRATED',
  'EMBEDDED.BUSY',
])

/** What is nobody's fault in the batch, and lasts as long as it lasts: a failover, a restart, a password that is changed. */
const OUTAGES: ReadonlySet<FunesErrorCode> = new Set([
  'DB.UNREACHABLE',
  'DB.POOL_EXHAUSTED',
  'DB.AUTH_FAILED',
  'EMBEDDED.BUSY',
])
const NONE: ReadonlySet<FunesErrorCode> = new Set()

/**
 * Nobody remembers for longer than a day who was purged: what has waited for half of one, in a process that slept, is not stored
 * with a name.
 */
const MAX_HELD_MS = 12 * 3_600_000

/** Stores batches of the queue. Ids are made before, so a batch whose answer was lost is not stored twice. */
export function createSender(
  engine: Pick<Engine, 'run'>,
  upkeep: UsageUpkeep,
  counts: UsageCounts,
): (batch: readonly NewUsage[], patience: Patience) => Promise<Sent> {
  return async (batch, patience) => {
    const now = Date.now()
    const kept = batch.filter(({ userId, recordedAt }) => userId === null || now - recordedAt < MAX_HELD_MS)
    const late = batch.length - kept.length
    try {
      await upkeep.prepare(kept)
      const { written, unknown, purged } = await writeUsages(engine, kept, { isShared: true, isQueued: true })
      counts.wrote(written)
      counts.dropped('unknownTool', unknown)
      counts.dropped('purged', purged + late)
    } catch (error) {
      const { code } = databaseError(error)
      const mayPass = patience === 'all' ? MAY_PASS : patience === 'outages' ? OUTAGES : NONE
      if (mayPass.has(code)) {
        counts.stumbled(code)
        return 'again'
      }
      counts.failed(code, kept.length)
      counts.dropped('purged', late)
      return 'done'
    }
    await upkeep.wrote(kept)
    return 'done'
  }
}
