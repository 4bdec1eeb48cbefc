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
  onBatch: (size: number) => void = () => {},
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
    onBatch(stored.size)
  }
  return left
}

/** Corrects which of these memories' vectors count, and how long. */
export async function alignMemories(
  executor: Executor,
  { model, batchSize }: Target,
  keys: readonly MemoryMark[],
): Promise<void> {
  for (const batch of slices(keys, batchSize)) await executor.run(alignVectors(batch, model.id))
}

/** Makes and stores the vectors of all tools that have one under `from` and none of their present text. */
export async function embedTools(
  executor: Executor,
  { model, embedder, batchSize }: Target,
  from: readonly number[],
  onBatch: (size: number) => void = () => {},
): Promise<void> {
  let after = 0
  while (true) {
    const tools = await executor.run(selectToolsWithout(from, model.id, { after, limit: batchSize }))
    const last = tools.at(-1)
    if (last === undefined) return
    const vectors = await encodeTexts(
      model,
      embedder,
      tools.map(({ text }) => text),
    )
    const made = tools.map((tool, i) => ({ ...tool, embedding: vectors[i] as Buffer }))
    onBatch((await executor.run(storeToolVectors(made, model))).length)
    after = last.id
  }
}
