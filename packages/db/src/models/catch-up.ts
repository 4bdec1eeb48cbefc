import type { Embedder } from '../embedder.js'
import type { Executor } from '../engine/executor.js'
import { alignVectors, type MemoryMark, selectContents, storeVectors } from '../sql/reembed.js'
import { selectToolsWithout, storeToolVectors } from '../sql/reembed-tools.js'
import { encodeTexts } from './embedders.js'
import type { EmbeddingModel } from './types.js'

/** A model whose vectors are being made, and what makes them. */
export interface Target {
  readonly model: EmbeddingModel
  readonly embedder: Embedder
  readonly batchSize: number
}

/** Hears of vectors that were made; waited for. */
type Tell = (size: number) => unknown

const keyOf = ({ userId, id }: MemoryMark) => `${id} ${userId}`

/** Each memory once. */
export function distinct(keys: readonly MemoryMark[]): MemoryMark[] {
  return [...new Map(keys.map((key) => [keyOf(key), key])).values()]
}

/** What `items` are, `size` at a time. */
export function* slices<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

/**
 * Makes and stores the vectors of these memories as they are now, and brings them in step with whether they count.
 * Answers with those that it could not do, as somebody was changing them; memories that are gone are done, and those whose
 * vector is there already.
 */
export async function embedMemories(
  executor: Executor,
  { model, embedder, batchSize }: Target,
  keys: readonly MemoryMark[],
  onBatch: Tell = () => {},
): Promise<MemoryMark[]> {
  const left: MemoryMark[] = []
  for (const batch of slices(keys, batchSize)) {
    const rows = await executor.run(selectContents(batch, model.id))
    if (rows.length === 0) continue
    const vectors = await encodeTexts(
      model,
      embedder,
      rows.map(({ content }) => content),
    )
    const made = rows.map(({ userId, id, hash }, i) => ({
      userId,
      id,
      hash,
      embedding: vectors[i] as Buffer,
    }))
    const stored = new Set((await executor.run(storeVectors(made, model))).map(keyOf))
    left.push(...rows.filter((row) => !stored.has(keyOf(row))).map(({ userId, id }) => ({ userId, id })))
    await onBatch(stored.size)
  }
  return left
}

/**
 * Corrects which of these memories' vectors count, and how long. Answers with those that it could not do, as somebody was
 * changing them.
 */
export async function alignMemories(
  executor: Executor,
  { model, batchSize }: Target,
  keys: readonly MemoryMark[],
): Promise<MemoryMark[]> {
  const left: MemoryMark[] = []
  for (const batch of slices(keys, batchSize))
    left.push(...(await executor.run(alignVectors(batch, model.id))))
  return left
}

/**
 * Makes and stores the vectors of one batch of tools: the next after `after` that have one under `from` and none of their
 * present text. Answers with how many there were, how many are done, and where they ended.
 */
async function embedNextTools(
  executor: Executor,
  { model, embedder, batchSize }: Target,
  from: readonly number[],
  after: number,
): Promise<{ found: number; stored: number; last: number }> {
  const tools = await executor.run(selectToolsWithout(from, model.id, { after, limit: batchSize }))
  const last = tools.at(-1)
  if (last === undefined) return { found: 0, stored: 0, last: after }
  const vectors = await encodeTexts(
    model,
    embedder,
    tools.map(({ text }) => text),
  )
  const made = tools.map((tool, i) => ({ ...tool, embedding: vectors[i] as Buffer }))
  const stored = await executor.run(storeToolVectors(made, model))
  return { found: tools.length, stored: stored.length, last: last.id }
}

/** Goes over all tools once, and makes the vectors that are missing; tools that somebody is changing are left. */
export async function embedTools(
  executor: Executor,
  { target, from, signal }: { target: Target; from: readonly number[]; signal: AbortSignal | undefined },
  onBatch: Tell,
): Promise<void> {
  let after = 0
  while (true) {
    signal?.throwIfAborted()
    const { found, stored, last } = await embedNextTools(executor, target, from, after)
    if (found === 0) return
    await onBatch(stored)
    after = last
  }
}

/**
 * Makes the vectors of the last tools that have none, while nobody changes any. False when they are more than one batch,
 * unless it `isLast`, or when somebody holds one.
 */
export async function embedLastTools(
  executor: Executor,
  target: Target,
  { from, isLast }: { from: readonly number[]; isLast: boolean },
  onBatch: Tell,
): Promise<boolean> {
  const { model, batchSize } = target
  const some = await executor.run(selectToolsWithout(from, model.id, { after: 0, limit: batchSize + 1 }))
  if (some.length > batchSize && !isLast) return false
  let after = 0
  while (true) {
    const { found, stored, last } = await embedNextTools(executor, target, from, after)
    if (found === 0) return true
    await onBatch(stored)
    if (stored < found) return false
    after = last
  }
}
