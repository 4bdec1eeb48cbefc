import type { Executor } from '../engine/executor.js'
import { selectTurnsAround } from '../sql/turns-around.js'
import type { Memory, MemoryHit } from './types.js'

/** Adds to each hit the turns before and after it in its session, oldest first: one more statement for all hits together. */
export async function withTurnsAround<H extends MemoryHit>(
  executor: Executor,
  hits: readonly H[],
  { before = 0, after = 0 }: { before?: number | undefined; after?: number | undefined },
): Promise<H[]> {
  const keys = hits.map(({ memory }) => ({ userId: memory.userId, id: memory.id }))
  const rows =
    before + after > 0 && keys.length > 0 ? await executor.run(selectTurnsAround(keys, before, after)) : []
  const around = new Map<string, { before: Memory[]; after: Memory[] }>()
  for (const { hitUserId, hitId, position, ...memory } of rows) {
    const key = JSON.stringify([hitUserId, hitId])
    const turns = around.get(key) ?? { before: [], after: [] }
    turns[position].push(memory)
    around.set(key, turns)
  }
  return hits.map((hit) => ({
    ...hit,
    context: around.get(JSON.stringify([hit.memory.userId, hit.memory.id])) ?? { before: [], after: [] },
  }))
}
