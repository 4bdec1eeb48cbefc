import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { selectReplacedAgo } from '../sql/models.js'
import { countMissing, deleteVectors, type MemoryMark } from '../sql/reembed.js'
import { countMissingTools, deleteToolVectors } from '../sql/reembed-tools.js'
import { MODEL_TTL_MS } from './current-model.js'
import { assertSeesEveryone, everyone } from './everyone.js'
import type { EmbeddingModel } from './types.js'

/** Until then no search asks for a replaced model any more: longer than any process takes it for the current one. */
const GRACE_MS = 4 * MODEL_TTL_MS

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

/**
 * Makes sure that all live memories and all tools that have a vector under `from` have one under `to`.
 *
 * @param executor means the rows of all users
 * @throws `MODEL.INCOMPLETE` when not, `DB.PERMISSION_DENIED` where rows are hidden
 */
export async function assertComplete(
  executor: Executor,
  from: readonly EmbeddingModel[],
  to: EmbeddingModel,
): Promise<void> {
  await assertSeesEveryone(executor)
  const ids = from.map(({ id }) => id)
  const [memories] = await executor.run(countMissing({ from: ids, to: to.id, all: false }))
  const [tools] = await executor.run(countMissingTools(ids, to.id))
  const missing = memories?.missing ?? 0
  const missingTools = tools?.missing ?? 0
  if (missing + missingTools === 0) return
  const what = [
    ...(missing > 0 ? [counted(missing, 'memory', 'memories')] : []),
    ...(missingTools > 0 ? [counted(missingTools, 'tool', 'tools')] : []),
  ]
  throw funesError(
    'MODEL.INCOMPLETE',
    `Without a vector under the model ${JSON.stringify(to.name)}: ${what.join(' and ')}. No search by meaning would find them.`,
    {
      fix: `Call \`models.reembed({ to: ${JSON.stringify(to.name)} })\`, or pass \`force: true\` to lose them from search.`,
      meta: { model: to.name, missing, missingTools },
    },
  )
}

/**
 * Removes all vectors of a retired model, batch by batch. Answers with how many memories' they were.
 *
 * @throws `DB.PERMISSION_DENIED` where rows are hidden, the signal's reason
 */
export async function removeVectors(
  engine: Engine,
  model: EmbeddingModel,
  options: {
    batchSize: number
    onProgress: ((removed: number) => unknown) | undefined
    signal: AbortSignal | undefined
  },
): Promise<number> {
  const { batchSize, onProgress, signal } = options
  const [replaced] = await engine.run(selectReplacedAgo(model.id))
  const wait = GRACE_MS - (replaced?.agoMs ?? GRACE_MS)
  if (wait > 0) await sleep(wait, undefined, signal && { signal })
  const all = everyone(engine)
  let removed = 0
  let after: MemoryMark | null = null
  while (true) {
    signal?.throwIfAborted()
    const [page]: (MemoryMark & { removed: number })[] = await all.run(
      deleteVectors(model.id, after, batchSize),
    )
    if (page === undefined) break
    removed += page.removed
    after = { userId: page.userId, id: page.id }
    await onProgress?.(removed)
  }
  // Row-level security may have been turned on meanwhile.
  await assertSeesEveryone(engine)
  await engine.run(deleteToolVectors(model.id))
  return removed
}
