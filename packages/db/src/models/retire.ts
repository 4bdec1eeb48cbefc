import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { selectReplacedAgo } from '../sql/models.js'
import { countMissing, deleteVectors, type MemoryMark } from '../sql/reembed.js'
import { deleteToolVectors } from '../sql/reembed-tools.js'
import { MODEL_TTL_MS } from './current-model.js'
import type { EmbeddingModel } from './types.js'

/** Until then no search asks for a replaced model any more: longer than any process takes it for the current one. */
const GRACE_MS = 4 * MODEL_TTL_MS

/**
 * Whether all live memories that have a vector under `from` have one under `to`.
 *
 * @throws `MODEL.INCOMPLETE` when not
 */
export async function assertComplete(
  executor: Executor,
  from: readonly EmbeddingModel[],
  to: EmbeddingModel,
): Promise<void> {
  const [row] = await executor.run(countMissing({ from: from.map(({ id }) => id), to: to.id, all: false }))
  const missing = row?.missing ?? 0
  if (missing === 0) return
  throw funesError(
    'MODEL.INCOMPLETE',
    `${missing} memories have no vector under the model ${JSON.stringify(to.name)}: no search by meaning would find them.`,
    {
      fix: `Call \`models.reembed({ to: ${JSON.stringify(to.name)} })\`, or pass \`force: true\` to lose them from search.`,
      meta: { model: to.name, missing },
    },
  )
}

/** Removes all vectors of a retired model, batch by batch. Answers with how many memories' they were. */
export async function removeVectors(
  engine: Engine,
  model: EmbeddingModel,
  options: {
    batchSize: number
    onProgress: ((removed: number) => void) | undefined
    signal: AbortSignal | undefined
  },
): Promise<number> {
  const { batchSize, onProgress, signal } = options
  const [replaced] = await engine.run(selectReplacedAgo(model.id))
  const wait = GRACE_MS - (replaced?.agoMs ?? GRACE_MS)
  if (wait > 0) await sleep(wait, undefined, signal && { signal })
  let removed = 0
  let after: MemoryMark | null = null
  while (true) {
    signal?.throwIfAborted()
    const [page]: (MemoryMark & { removed: number })[] = await engine.run(
      deleteVectors(model.id, after, batchSize),
    )
    if (page === undefined) break
    removed += page.removed
    after = { userId: page.userId, id: page.id }
    onProgress?.(removed)
  }
  await engine.run(deleteToolVectors(model.id))
  return removed
}
