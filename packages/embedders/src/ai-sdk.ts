import type { EmbeddingModel, embedMany } from 'ai'
import type { Embedder } from './embedder.js'
import { loadPeers } from './optional-peer.js'
import { checkVectors } from './vectors.js'

export type { Embedder, EmbedOptions } from './embedder.js'
export type { EmbedderError, EmbedderErrorCode } from './errors.js'

export interface AiSdkOptions {
  /** Any embedding model of an AI SDK provider, such as `openai.embeddingModel('text-embedding-3-small')`. */
  model: EmbeddingModel
  /** Components of the model's vectors; each answer is checked against it. */
  dimensions: number
  /** The name of the model in the database; else the provider's and model's own, as `openai/text-embedding-3-small`. */
  name?: string
  /** Handed to `embedMany`: `dimensions` for a model that can shorten its vectors, `headers`, `maxRetries`, ... */
  settings?: Omit<Parameters<typeof embedMany>[0], 'model' | 'values' | 'abortSignal'>
}

const nameOf = (model: EmbeddingModel): string =>
  typeof model === 'string' ? model : `${model.provider}/${model.modelId}`

/**
 * An embedding model of the AI SDK (the npm package `ai`, 5 to 7). Splitting into requests, retries and parallel
 * calls are the SDK's.
 *
 * @throws `embed` rejects with `EMBEDDER.PEER_MISSING`, `EMBEDDER.OUTPUT_INVALID`, or what the provider throws
 *
 * @example
 * fromAiSdk({ model: openai.embeddingModel('text-embedding-3-small'), dimensions: 1536 })
 */
export function fromAiSdk(options: AiSdkOptions): Embedder {
  const { model, dimensions, settings, name = nameOf(model) } = options
  return {
    model: name,
    dimensions,
    async embed(texts, { signal } = {}) {
      if (texts.length === 0) return []
      const ai = await loadPeers(['ai'], () => import('ai'))
      const { embeddings } = await ai.embedMany({
        ...settings,
        model,
        values: [...texts],
        ...(signal && { abortSignal: signal }),
      })
      return checkVectors(name, embeddings, texts.length, dimensions)
    },
  }
}
