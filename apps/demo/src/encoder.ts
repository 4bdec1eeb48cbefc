import { availableParallelism } from 'node:os'
import { cached, type Embedder } from '@funes/embedders/cached'
import { fromEnergetic } from '@funes/embedders/energetic'

export interface Encoder extends Embedder {
  /** Texts that really went through the model; all others came from the cache. */
  readonly encoded: number
  close(): Promise<void>
}

/** The sentence encoder behind its disk cache, counting what the cache did not have. */
export function createEncoder(cacheDir: string): Encoder {
  const model = fromEnergetic({ threads: Math.min(4, availableParallelism()) })
  let encoded = 0
  const counting: Embedder = {
    ...model,
    async embed(texts, options) {
      const vectors = await model.embed(texts, options)
      encoded += texts.length
      return vectors
    },
  }
  return {
    ...cached(counting, { dir: cacheDir, batchSize: 32 }),
    get encoded() {
      return encoded
    },
    close: () => model.close(),
  }
}
