import { currentCall } from './engine/call.js'
import { funesError } from './errors/funes-error.js'
import type { VectorInput } from './vector.js'

/**
 * What turns text into vectors. Adapters stand in `@funes/embedders`; any object of this shape will do.
 *
 * `embed` answers with one vector of `dimensions` components for each text, in the order of the texts.
 */
export interface Embedder {
  /** The name under which the model is registered in the database. */
  readonly model: string
  readonly dimensions: number
  embed(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<readonly VectorInput[]>
}

/**
 * Embeds `texts`, and holds the embedder to its word.
 *
 * @throws `EMBEDDING.FAILED` when it throws or answers with another number of vectors than of texts
 */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
): Promise<readonly VectorInput[]> {
  if (texts.length === 0) return []
  let vectors: readonly VectorInput[]
  try {
    const signal = currentCall()?.signal
    vectors = await (signal === undefined ? embedder.embed(texts) : embedder.embed(texts, { signal }))
  } catch (cause) {
    throw funesError('EMBEDDING.FAILED', `The embedder ${embedder.model} threw.`, {
      fix: 'See `cause`.',
      meta: { model: embedder.model, texts: texts.length },
      cause,
    })
  }
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    throw funesError(
      'EMBEDDING.FAILED',
      `The embedder ${embedder.model} did not answer with a vector for each text.`,
      {
        fix: '`embed(texts)` must resolve to an array as long as `texts`.',
        meta: { model: embedder.model, texts: texts.length },
      },
    )
  }
  return vectors
}
