import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import {
  lockTotals,
  selectKeptTools,
  selectUserMarks,
  type UserMarks,
  unmarkTotals,
} from '../sql/purge-totals.js'
import { selectRawFrom } from '../sql/tool-usage-plan.js'
import { foldDeltas } from '../sql/tool-usage-upkeep.js'
import { meaningAllUsers } from './all-users.js'

/**
 * Takes a user out of the totals of tool usage. Those of rows that are there are counted anew from what is left of them; from
 * those of rows that were dropped, the marks of the user are taken.
 */
export interface PurgeTotals {
  /** Adds up what removing the user's rows has changed, so that little of it is left for {@link finish}. */
  settle(): Promise<void>
  /** The same for what has come since, in the transaction that ends the purge. */
  finish(executor: Executor, hasRemovedUsages: boolean): Promise<void>
  /** Cells that had marks of the user, and whose rows had been dropped. */
  unmarked(): number
}

/** So many changes are added up at once. */
const FOLD_MOST = 20_000

async function fold(executor: Executor): Promise<boolean> {
  await executor.run(lockTotals)
  const [row] = await executor.run(foldDeltas(FOLD_MOST))
  return (row?.folded ?? 0) < FOLD_MOST
}

async function foldAll(engine: Engine): Promise<void> {
  while (!(await meaningAllUsers(engine, fold))) {}
}

async function rawFromOf(executor: Executor): Promise<number | null> {
  const [row] = await executor.run(selectRawFrom)
  return row?.rawFrom?.getTime() ?? null
}

/** To be called while the user's sessions are still there: afterwards nobody knows what they were called. */
export async function takeOutOfTotals(engine: Engine, userId: string): Promise<PurgeTotals> {
  let unmarked = 0
  let unmarkedLate = 0
  const marks = await meaningAllUsers(engine, async (executor) => {
    const [row] = await executor.run(selectUserMarks(userId))
    return row as UserMarks
  })
  async function unmark(executor: Executor, toolId: number): Promise<number> {
    await executor.run(lockTotals)
    const [row] = await executor.run(unmarkTotals(toolId, marks))
    return row?.cells ?? 0
  }
  const rawFrom = await rawFromOf(engine)
  if (rawFrom !== null) {
    await foldAll(engine)
    for (const { toolId } of await engine.run(selectKeptTools))
      unmarked += await meaningAllUsers(engine, (executor) => unmark(executor, toolId))
  }
  return {
    settle: () => foldAll(engine),
    async finish(executor, hasRemovedUsages) {
      while (!(await fold(executor))) {}
      // Rows were dropped, or stored for a time whose rows were dropped, since the marks were taken out.
      const now = await rawFromOf(executor)
      if (now === null || (now === rawFrom && !hasRemovedUsages)) return
      // From the beginning, as the transaction may run again.
      unmarkedLate = 0
      for (const { toolId } of await executor.run(selectKeptTools))
        unmarkedLate += await unmark(executor, toolId)
    },
    unmarked: () => unmarked + unmarkedLate,
  }
}
