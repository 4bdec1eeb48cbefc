import { setTimeout as sleep } from 'node:timers/promises'
import type { Embedder } from '../embedder.js'
import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { embedMemories, slices } from '../models/catch-up.js'
import { encodeTexts } from '../models/embedders.js'
import type { EmbeddingModel } from '../models/types.js'
import { selectToolTexts } from '../sql/archive-models.js'
import { storeToolVectors } from '../sql/reembed-tools.js'
import type { StoredBatch } from './store-batch.js'

/** Texts a call of the embedder. */
const TEXTS = 100
/** How often others may be changing a memory just as its vector comes. */
const MAX_ATTEMPTS = 10
const PAUSE_MS = 100

/**
 * Makes the vectors of what was stored where they are not there yet, and answers how many.
 *
 * @throws `EMBEDDING.*`, `DB.LOCK_TIMEOUT`
 */
export async function embedBatch(
  executor: Executor,
  { model, embedder }: { model: EmbeddingModel; embedder: Embedder },
  { memories, tools }: StoredBatch,
): Promise<number> {
  let made = 0
  const count = async (size: number) => {
    made += size
  }
  let left = memories
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt === MAX_ATTEMPTS) {
      throw funesError(
        'DB.LOCK_TIMEOUT',
        'A transaction kept memories locked, so their vectors could not be made.',
        {
          fix: 'Look for who holds them, and import again: it goes on where it stopped.',
          meta: { model: model.name },
        },
      )
    }
    if (attempt > 0) await sleep(PAUSE_MS)
    left = await embedMemories(executor, { model, embedder, batchSize: TEXTS }, left, count)
  }
  for (const names of slices(tools, TEXTS)) {
    const texts = await executor.run(selectToolTexts(names, model.id))
    if (texts.length === 0) continue
    const vectors = await encodeTexts(
      model,
      embedder,
      texts.map(({ text }) => text),
    )
    const rows = texts.map((tool, i) => ({ ...tool, embedding: vectors[i] as Buffer }))
    await count((await executor.run(storeToolVectors(rows, model))).length)
  }
  return made
}
