import type { Engine } from '../../engine/engine.js'
import type { FunesErrorCode } from '../../errors/codes.js'
import { databaseError } from '../../errors/database-error.js'
import type { NewUsage } from '../../sql/tool-usage.js'
import type { UsageCounts } from './counts.js'
import type { Sent } from './queue.js'
import type { UsageUpkeep } from './upkeep.js'
import { writeUsages } from './write.js'

/** What may go better the next time. A tool may have been removed between looking it up and referring to it. */
const MAY_PASS: ReadonlySet<FunesErrorCode> = new Set([
  'DB.UNREACHABLE',
  'DB.POOL_EXHAUSTED',
  'DB.TIMEOUT',
  'DB.LOCK_TIMEOUT',
  'DB.CONFLICT',
  'DB.CONSTRAINT',
  'DB.NOT_MIGRATED',
  'EMBEDDED.BUSY',
])

/** Stores batches of the queue. Ids are made before, so a batch whose answer was lost is not stored twice. */
export function createSender(
  engine: Pick<Engine, 'run'>,
  upkeep: UsageUpkeep,
  counts: UsageCounts,
): (batch: readonly NewUsage[], isLast: boolean) => Promise<Sent> {
  return async (batch, isLast) => {
    try {
      await upkeep.prepare(batch)
      const { written, unknown } = await writeUsages(engine, batch, true)
      counts.wrote(written)
      counts.dropped('unknownTool', unknown)
    } catch (error) {
      const { code } = databaseError(error)
      const isToCome = !isLast && MAY_PASS.has(code)
      if (isToCome) counts.stumbled(code)
      else counts.failed(code, batch.length)
      return isToCome ? 'again' : 'done'
    }
    await upkeep.wrote(batch)
    return 'done'
  }
}
