import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Embedder } from '../embedder.js'
import { checkVectors } from '../vectors.js'
import { appendRecords, type CacheRecord, readRecords } from './records.js'

export type { Embedder, EmbedOptions } from '../embedder.js'
export type { EmbedderError, EmbedderErrorCode } from '../errors.js'

export interface CacheOptions {
  /** Directory of the cache files, made if missing. One file a model; delete it to forget. */
  dir: string
  /** Texts embedded between two writes, 64 unless given: at most so much work is lost to a kill. */
  batchSize?: number
}

/** Two models, or one model cut to two sizes, must never share a file. */
function fileName({ model, dimensions }: Embedder): string {
  const readable = model.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)
  const digest = createHash('sha256').update(`${model}\0${dimensions}`).digest('hex').slice(0, 8)
  return `${readable}-${dimensions}-${digest}.vectors`
}

/**
 * Keeps the vectors of `embedder` on disk, by the SHA-256 of model and text, and embeds no text twice.
 *
 * The file only grows, by whole appends, so several processes may use one directory, and a kill in the middle
 * of a write costs the records of that write and no others. It is held in memory once read: 2 KB a text at 512
 * dimensions.
 *
 * @throws `embed` rejects with what `embedder` or the file system throws, or `EMBEDDER.OUTPUT_INVALID`
 *
 * @example
 * cached(fromEnergetic(), { dir: '.cache/embeddings' })
 */
export function cached(embedder: Embedder, options: CacheOptions): Embedder {
  const { model, dimensions } = embedder
  const { dir, batchSize = 64 } = options
  const path = join(dir, fileName(embedder))
  let opening: Promise<Map<string, Float32Array>> | undefined

  const keyOf = (text: string) => createHash('sha256').update(`${model}\0${text}`).digest('hex')

  async function open(): Promise<Map<string, Float32Array>> {
    await mkdir(dir, { recursive: true })
    return readRecords(path, dimensions)
  }

  async function add(
    known: Map<string, Float32Array>,
    texts: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const vectors = await embedder.embed(texts, signal && { signal })
    const records: CacheRecord[] = checkVectors(model, vectors, texts.length, dimensions).map(
      (vector, i) => ({
        key: keyOf(texts[i] as string),
        vector,
      }),
    )
    await appendRecords(path, records)
    for (const { key, vector } of records) known.set(key, vector)
  }

  return {
    model,
    dimensions,
    async embed(texts, { signal } = {}) {
      opening ??= open()
      const known = await opening.catch((error) => {
        opening = undefined
        throw error
      })
      const keys = texts.map(keyOf)
      const unknown = [...new Set(texts.filter((_, i) => !known.has(keys[i] as string)))]
      for (let start = 0; start < unknown.length; start += batchSize) {
        await add(known, unknown.slice(start, start + batchSize), signal)
      }
      // Copies: the caller may change what it gets, and the cache must not change with it.
      return keys.map((key) => (known.get(key) as Float32Array).slice())
    },
  }
}
