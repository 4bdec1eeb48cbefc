import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import { isFunesError } from '../errors/funes-error.js'
import type { Calibration } from '../models/types.js'
import { lockMemoryWrites, setCalibration } from '../sql/models.js'
import { limitLockWait } from '../sql/reembed.js'

/** While writes are held up, adds wait behind it too: for no longer than this. */
const LOCK_WAIT_MS = 250
const PAUSE_MS = 250
/** On the model's row alone, which holds nobody up. */
const QUIET_ATTEMPTS = 4
/** Without end, adds that overlap would hold the row shared among them: so the rest hold writes up for a moment. */
const ATTEMPTS = 8

/**
 * Keeps with the model what was measured, and answers whether that could be done: a transaction that has written
 * memories holds the model's row until it ends.
 *
 * @throws `DB.*` but for locks; the signal's reason
 */
export async function keepCalibration(
  engine: Engine,
  modelId: number,
  calibration: Calibration,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    signal?.throwIfAborted()
    try {
      await engine.transaction(
        async (scope) => {
          await scope.run(limitLockWait(LOCK_WAIT_MS))
          if (attempt > QUIET_ATTEMPTS) await scope.run(lockMemoryWrites)
          await scope.run(setCalibration(modelId, calibration))
        },
        { isolationLevel: 'ReadCommitted' },
      )
      return true
    } catch (error) {
      if (!isFunesError(error, 'DB.LOCK_TIMEOUT', 'DB.CONFLICT', 'TRANSACTION.TIMEOUT')) throw error
      if (attempt < ATTEMPTS) await sleep(PAUSE_MS)
    }
  }
  return false
}
