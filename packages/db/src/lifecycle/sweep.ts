import type { Engine } from '../engine/engine.js'
import { type DueFor, removeDue } from '../sql/sweep.js'
import { meaningAllUsers } from './all-users.js'

/** What a sweep removed. */
export interface SweepResult {
  /** Memories past their time. */
  readonly expired: number
  /** Memories that had been deleted softly. */
  readonly deleted: number
}

export interface SweepRule {
  readonly batchSize: number
  readonly limit: number
  readonly expiredForMs: number
  /** Undefined keeps what was deleted. */
  readonly deletedForMs: number | undefined
}

/**
 * Removes what is due, batch by batch, until nothing is left that no other sweep has taken.
 *
 * @param goOn is asked before each batch
 */
export async function sweepDue(
  engine: Engine,
  rule: SweepRule,
  onProgress?: (progress: SweepResult) => void,
  goOn: () => boolean = () => true,
): Promise<SweepResult> {
  const removed = { expired: 0, deleted: 0 }
  async function sweep(due: DueFor, forMs: number): Promise<void> {
    while (goOn()) {
      const size = Math.min(rule.batchSize, rule.limit - removed.expired - removed.deleted)
      if (size === 0) return
      const [row] = await meaningAllUsers(engine, (executor) => executor.run(removeDue(due, size, forMs)))
      const count = row?.removed ?? 0
      removed[due] += count
      if (count > 0) await onProgress?.({ ...removed })
      if (count < size) return
    }
  }
  await sweep('expired', rule.expiredForMs)
  if (rule.deletedForMs !== undefined) await sweep('deleted', rule.deletedForMs)
  return removed
}
