import { availableParallelism } from 'node:os'
import { cached } from '@funes/embedders/cached'
import { fromEnergetic } from '@funes/embedders/energetic'
import type { EmbeddedSet, LabelledSet } from './labelled-set.js'

/** Vectors made here are kept, as making them takes far longer than everything else. */
export const CACHE_DIR = '.cache/embeddings'
const BATCH = 256

/** An encoder may have nothing to say of a text, such as one of signs that it does not know: that is no vector. */
function usable(vector: Float32Array | undefined): Float32Array | null {
  return vector?.every(Number.isFinite) && vector.some((x) => x !== 0) ? vector : null
}

/**
 * Gives every turn and question a vector of the project's own small encoder, unless the data brought vectors along.
 *
 * @param progress is told how many of how many texts are done
 */
export async function embedSet(
  set: LabelledSet,
  progress: (done: number, total: number) => void,
): Promise<EmbeddedSet> {
  const dimensions = set.turns[0]?.embedding?.length
  if (dimensions !== undefined) return { ...set, dimensions, encoder: null }
  const model = fromEnergetic({ threads: Math.min(4, availableParallelism()) })
  const embedder = cached(model, { dir: CACHE_DIR })
  const texts = [...set.turns.map(({ content }) => content), ...set.questions.map(({ text }) => text)]
  const vectors: Float32Array[] = []
  try {
    for (let start = 0; start < texts.length; start += BATCH) {
      vectors.push(...((await embedder.embed(texts.slice(start, start + BATCH))) as Float32Array[]))
      progress(vectors.length, texts.length)
    }
  } finally {
    await model.close()
  }
  return {
    ...set,
    turns: set.turns.map((turn, i) => ({ ...turn, embedding: usable(vectors[i]) })),
    questions: set.questions.map((question, i) => ({
      ...question,
      embedding: usable(vectors[set.turns.length + i]),
    })),
    dimensions: model.dimensions,
    encoder: model.model,
  }
}
