import { z } from 'zod'
import { violatedConstraint } from '../errors/database-error.js'
import { checked, idText, uuid } from '../input.js'
import { touchMemories } from '../sql/memory-access.js'
import type { MemoryContext } from './context.js'
import type { MemoryKey } from './types.js'

/** A statement for each so many keeps the locks of one from lasting. */
const BATCH = 10_000

const keysSchema = z.array(z.object({ userId: idText, id: uuid }))

/** Counts an access of each memory, as `memories.touch` says. */
export async function touchKeys(
  { executor, atomically, model: { isInTransaction } }: MemoryContext,
  given: MemoryKey | readonly MemoryKey[],
): Promise<{ touched: number }> {
  const keys = checked(keysSchema, Array.isArray(given) ? given : [given])
  if (keys.length === 0) return { touched: 0 }
  const run = async () => {
    let touched = 0
    for (let start = 0; start < keys.length; start += BATCH) {
      const [row] = await executor.run(touchMemories(keys.slice(start, start + BATCH)))
      touched += row?.touched ?? 0
    }
    return { touched }
  }
  try {
    return await (keys.length > BATCH ? atomically(run) : run())
  } catch (error) {
    // One of them was removed for good at that very moment: now it is not there to be counted.
    if (isInTransaction() || violatedConstraint(error) !== 'memory_access_user_id_memory_id_fkey') throw error
    return keys.length > BATCH ? atomically(run) : run()
  }
}
