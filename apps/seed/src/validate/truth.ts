import { exactTopK, type Metric } from '@funes/corpus/exact'
import type { SeedRow } from '../datasets/dataset.js'

/** Names a row among those of all users: ids are only each user's own. */
export const keyOf = ({ userId, id }: { userId: string; id: string }) => `${userId}\0${id}`

/** The exact answer to each query: keys of rows with their distances, nearest first. */
export type Truth = readonly (readonly Neighbour[])[]

interface Neighbour {
  readonly key: string
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
  { metric, cacheDir }: { metric: Metric; cacheDir: string | null },
): TruthSeeker {
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / (4 * dimensions)))
  const nearest: Neighbour[][] = queries.map(() => [])
  const keys: string[] = []
  let vectors = new Float32Array(0)

  async function settle(): Promise<void> {
    const rows = keys.length
    if (rows === 0 || queries.length === 0) return
    const found = await exactTopK({
      vectors: vectors.subarray(0, rows * dimensions),
      dimensions,
      queries,
      k: Math.min(k, rows),
      metric,
      cacheDir,
    })
    const width = Math.min(k, rows)
    for (const [q, best] of nearest.entries()) {
      for (let i = q * width; i < (q + 1) * width; i++) {
        best.push({ key: keys[found.ids[i] as number] as string, distance: found.distances[i] as number })
      }
      best.sort((a, b) => a.distance - b.distance)
      best.length = Math.min(k, best.length)
    }
    keys.length = 0
  }

  return {
    async offer(row) {
      const needed = (keys.length + 1) * dimensions
      if (vectors.length < needed) {
        const larger = new Float32Array(Math.min(blockRows, Math.max(1024, 2 * keys.length)) * dimensions)
        larger.set(vectors)
        vectors = larger
      }
      vectors.set(row.embedding, keys.length * dimensions)
      keys.push(keyOf(row))
      if (keys.length === blockRows) await settle()
    },
    async finish() {
      await settle()
      return nearest
    },
  }
}
