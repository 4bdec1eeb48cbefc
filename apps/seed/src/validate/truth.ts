import { exactTopK } from '@funes/corpus/exact'
import type { SeedRow } from '../datasets/dataset.js'

/** The exact answer to each query: ids with their cosine distances, nearest first. */
export type Truth = readonly (readonly Neighbour[])[]

interface Neighbour {
  readonly id: string
  readonly distance: number
}

/** Finds the true nearest rows among all that are offered, a block at a time: memory does not grow with the set. */
export interface TruthSeeker {
  offer(row: SeedRow): Promise<void>
  finish(): Promise<Truth>
}

const BLOCK_BYTES = 2 ** 27

export function createTruthSeeker(
  queries: readonly Float32Array[],
  dimensions: number,
  k: number,
  cacheDir: string | null,
): TruthSeeker {
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / (4 * dimensions)))
  const nearest: Neighbour[][] = queries.map(() => [])
  const ids: string[] = []
  let vectors = new Float32Array(0)

  async function settle(): Promise<void> {
    const rows = ids.length
    if (rows === 0 || queries.length === 0) return
    const found = await exactTopK({
      vectors: vectors.subarray(0, rows * dimensions),
      dimensions,
      queries,
      k: Math.min(k, rows),
      cacheDir,
    })
    const width = Math.min(k, rows)
    for (const [q, best] of nearest.entries()) {
      for (let i = q * width; i < (q + 1) * width; i++) {
        best.push({ id: ids[found.ids[i] as number] as string, distance: found.distances[i] as number })
      }
      best.sort((a, b) => a.distance - b.distance)
      best.length = Math.min(k, best.length)
    }
    ids.length = 0
  }

  return {
    async offer({ id, embedding }) {
      const needed = (ids.length + 1) * dimensions
      if (vectors.length < needed) {
        const larger = new Float32Array(Math.min(blockRows, Math.max(1024, 2 * ids.length)) * dimensions)
        larger.set(vectors)
        vectors = larger
      }
      vectors.set(embedding, ids.length * dimensions)
      ids.push(id)
      if (ids.length === blockRows) await settle()
    },
    async finish() {
      await settle()
      return nearest
    },
  }
}
