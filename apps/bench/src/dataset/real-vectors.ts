import { availableParallelism } from 'node:os'
import { loadSotu } from '@funes/corpus/sotu'
import { cached } from '@funes/embedders/cached'
import { fromEnergetic } from '@funes/embedders/energetic'

/** Making a vector takes 25 ms, so they are kept. */
const CACHE_DIR = '.cache/embeddings'
const BATCH = 256

/**
 * Vectors of real sentences: passages of the State of the Union addresses through the in-process sentence encoder.
 *
 * @param count how many; fewer come when there are no more passages
 */
export async function realVectors(
  count: number,
  progress: (done: number, total: number) => void,
): Promise<{ vectors: Float32Array[]; dimensions: number }> {
  const addresses = await loadSotu({ limit: count })
  const texts = addresses.flatMap(({ passages }) => passages.map(({ text }) => text)).slice(0, count)
  const encoder = fromEnergetic({ threads: Math.min(4, availableParallelism()) })
  const embedder = cached(encoder, { dir: CACHE_DIR })
  const vectors: Float32Array[] = []
  try {
    for (let start = 0; start < texts.length; start += BATCH) {
      vectors.push(...((await embedder.embed(texts.slice(start, start + BATCH))) as Float32Array[]))
      progress(vectors.length, texts.length)
    }
  } finally {
    await encoder.close()
  }
  return { vectors, dimensions: encoder.dimensions }
}
