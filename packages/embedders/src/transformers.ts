import type { Embedder } from './embedder.js'
import { embedderError } from './errors.js'
import { loadPeers } from './optional-peer.js'
import { checkVectors } from './vectors.js'

export type { Embedder, EmbedOptions } from './embedder.js'
export type { EmbedderError, EmbedderErrorCode } from './errors.js'

export interface FeatureTensor {
  /** `[texts, dimensions]` */
  readonly dims: readonly number[]
  /** Row by row. */
  readonly data: ArrayLike<number>
}

/** A loaded feature-extraction pipeline of transformers.js. */
export type FeatureExtractor = (
  texts: string[],
  options: { pooling: 'mean' | 'cls'; normalize: boolean },
) => Promise<FeatureTensor>

export interface TransformersOptions {
  /** A feature-extraction model with ONNX weights; `Xenova/all-MiniLM-L6-v2` unless given. */
  model?: string
  /** Components of the model's vectors, 384 unless given; each answer is checked against it. */
  dimensions?: number
  /** The name of the model in the database; else `model`. */
  name?: string
  /** How token vectors become one: `mean` unless given; the BGE family wants `cls`. */
  pooling?: 'mean' | 'cls'
  /** Weights to load, such as `q8`; the library's choice unless given. */
  dtype?: string
  /** Texts a forward pass, 16 unless given: a batch is padded to its longest text. */
  batchSize?: number
  /** Makes the pipeline; else the one of `@huggingface/transformers`, which downloads the weights once. */
  createPipeline?: (model: string, options: { dtype?: string }) => Promise<FeatureExtractor>
}

async function downloadPipeline(model: string, options: { dtype?: string }): Promise<FeatureExtractor> {
  const { pipeline } = await loadPeers(
    ['@huggingface/transformers'],
    () => import('@huggingface/transformers'),
  )
  return pipeline('feature-extraction', model, options)
}

function rowsOf(tensor: FeatureTensor): ArrayLike<number>[] {
  const [rows = 0, columns = 0] = tensor.dims
  if (tensor.dims.length !== 2) {
    throw embedderError(
      'EMBEDDER.OUTPUT_INVALID',
      `The pipeline answered with a tensor of ${tensor.dims.length} dimensions instead of 2.`,
      'Use a feature-extraction model, whose token vectors can be pooled.',
    )
  }
  const data = Float32Array.from(tensor.data)
  return Array.from({ length: rows }, (_, i) => data.subarray(i * columns, (i + 1) * columns))
}

/**
 * A sentence encoder of transformers.js: token vectors pooled (their mean, unless told) and scaled to unit length.
 *
 * The weights are downloaded from the Hugging Face Hub at the first use, then read from the library's cache; its
 * `env.localModelPath` and `env.allowRemoteModels` make it read a directory instead.
 *
 * @throws `EMBEDDER.CONFIG_INVALID`; `embed` rejects with `EMBEDDER.PEER_MISSING`, `EMBEDDER.OUTPUT_INVALID`, or what the library throws
 *
 * @example
 * fromTransformers({ model: 'Xenova/all-MiniLM-L6-v2' }) // 384 dimensions
 */
export function fromTransformers(options: TransformersOptions = {}): Embedder {
  const {
    model = 'Xenova/all-MiniLM-L6-v2',
    dimensions = 384,
    pooling = 'mean',
    batchSize = 16,
    dtype,
  } = options
  const { name = model, createPipeline = downloadPipeline } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw embedderError(
      'EMBEDDER.CONFIG_INVALID',
      '`batchSize` is not a positive integer.',
      'Give 1 or more.',
    )
  }
  let opening: Promise<FeatureExtractor> | undefined

  async function open(): Promise<FeatureExtractor> {
    opening ??= createPipeline(model, dtype === undefined ? {} : { dtype })
    try {
      return await opening
    } catch (error) {
      // A download may succeed the next time.
      opening = undefined
      throw error
    }
  }

  return {
    model: name,
    dimensions,
    async embed(texts, { signal } = {}) {
      const vectors: Float32Array[] = []
      for (let start = 0; start < texts.length; start += batchSize) {
        signal?.throwIfAborted()
        const batch = texts.slice(start, start + batchSize)
        const extract = await open()
        const rows = rowsOf(await extract(batch, { pooling, normalize: true }))
        vectors.push(...checkVectors(name, rows, batch.length, dimensions))
      }
      return vectors
    },
  }
}
