import { type Embedder, embedAll } from '../embedder.js'
import { funesError } from '../errors/funes-error.js'
import { encodeFor, type VectorInput } from '../vector.js'
import type { EmbeddingModel } from './types.js'

/** The embedders that this process has at hand, by the name of their model. */
export interface Embedders {
  of(model: string): Embedder | undefined
  /** From now on `embedder` makes the vectors of its model; what comes back makes it as it was before. */
  add(embedder: Embedder): () => void
}

/** @param main makes the vectors of the model called `name`, whatever name it goes by itself */
export function createEmbedders(
  name: string,
  main: Embedder | undefined,
  others: readonly Embedder[],
): Embedders {
  const byModel = new Map(others.map((embedder) => [embedder.model, embedder]))
  if (main !== undefined) byModel.set(main.model, main).set(name, main)
  return {
    of: (model) => byModel.get(model),
    add(embedder) {
      const before = byModel.get(embedder.model)
      byModel.set(embedder.model, embedder)
      return () => {
        if (byModel.get(embedder.model) !== embedder) return
        if (before === undefined) byModel.delete(embedder.model)
        else byModel.set(embedder.model, before)
      }
    },
  }
}

/**
 * The embedder of `model`, when one was given or is known.
 *
 * @throws `EMBEDDING.REQUIRED`
 */
export function embedderFor(
  model: EmbeddingModel,
  embed: Embedder['embed'] | undefined,
  embedders: Embedders,
): Embedder {
  if (embed !== undefined) return { model: model.name, dimensions: model.dimensions, embed }
  const known = embedders.of(model.name)
  if (known !== undefined) return known
  throw funesError(
    'EMBEDDING.REQUIRED',
    `There is no embedder for the model ${JSON.stringify(model.name)}.`,
    {
      fix: 'Give `embed`, or give createFunes the embedder, as `embedder` or among `embedders`.',
      meta: { model: model.name },
    },
  )
}

/**
 * Vectors of `texts` under `model`, in pgvector's binary form.
 *
 * @throws `EMBEDDING.FAILED`, `EMBEDDING.DIMENSION_MISMATCH`, `EMBEDDING.NOT_FINITE`, `EMBEDDING.OUT_OF_RANGE`,
 * `EMBEDDING.ZERO`
 */
export async function encodeTexts(
  model: EmbeddingModel,
  embedder: Embedder,
  texts: readonly string[],
): Promise<Buffer[]> {
  const vectors: readonly VectorInput[] = await embedAll(embedder, texts)
  return vectors.map((vector) => encodeFor(model, vector))
}
