import { availableParallelism } from 'node:os'
import { cached } from '@funes/embedders/cached'
import { fromEnergetic } from '@funes/embedders/energetic'
import type { SeedRow } from './dataset.js'

export type UnencodedRow = Omit<SeedRow, 'embedding'>

/** Texts that are encoded at a time. */
const BATCH = 64

export interface RowEncoder {
  readonly model: string
  readonly dimensions: number
  encode(
    rows: Iterable<UnencodedRow> | AsyncIterable<UnencodedRow>,
    signal: AbortSignal,
  ): AsyncGenerator<SeedRow>
  close(): Promise<void>
}

/** The in-process sentence encoder behind a cache on disk: the second run, or the resumed one, encodes nothing twice. */
export function createRowEncoder(cacheDir: string): RowEncoder {
  const encoder = fromEnergetic({ threads: Math.min(4, availableParallelism()) })
  const embedder = cached(encoder, { dir: cacheDir, batchSize: BATCH })

  async function finish(rows: UnencodedRow[], signal: AbortSignal): Promise<SeedRow[]> {
    const vectors = await embedder.embed(
      rows.map(({ content }) => content),
      { signal },
    )
    return rows.map((row, i) => ({ ...row, embedding: vectors[i] as Float32Array }))
  }

  return {
    model: encoder.model,
    dimensions: encoder.dimensions,
    async *encode(rows, signal) {
      let batch: UnencodedRow[] = []
      for await (const row of rows) {
        batch.push(row)
        if (batch.length < BATCH) continue
        yield* await finish(batch, signal)
        batch = []
      }
      if (batch.length > 0) yield* await finish(batch, signal)
    },
    close: () => encoder.close(),
  }
}
