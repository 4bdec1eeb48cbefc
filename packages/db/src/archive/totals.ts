import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { selectDropped } from '../sql/archive-export.js'
import { foldDeltas } from '../sql/tool-usage-upkeep.js'

const FOLD_MOST = 20_000
const ATTEMPTS = 20
const PAUSE_MS = 100

/** Adds up what statements changed in the totals of usages. */
export async function foldTotals(executor: Executor): Promise<void> {
  for (let folded = FOLD_MOST; folded >= FOLD_MOST; ) {
    folded = (await executor.run(foldDeltas(FOLD_MOST)))[0]?.folded ?? 0
  }
}

/** Sees to it that totals of weeks whose rows were dropped are added up, by us or by whoever is at it. */
export async function settleTotals(engine: Pick<Engine, 'run'>): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // Whoever may not look is told of it where the export begins.
    const [dropped] = await engine.run(selectDropped).catch(() => [])
    if (!dropped?.isPending) return
    // Where nothing may be written, the primary does it.
    await foldTotals(engine).catch(() => {})
    if (attempt > 1) await sleep(PAUSE_MS)
  }
}

/**
 * @param session stands in a snapshot
 * @throws `DB.CONFLICT`
 */
export async function assertSettled(session: Executor): Promise<void> {
  const [dropped] = await session.run(selectDropped)
  if (!dropped?.isPending) return
  throw funesError('DB.CONFLICT', 'Totals of tool usages are just being added up.', {
    fix: 'Call `funes.tools.sweepUsage()`, on the primary where this is a replica, and export again.',
  })
}
