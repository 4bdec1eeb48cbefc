import { recall } from '@funes/corpus/exact'
import type { Funes } from '@funes/db'
import { type Check, check } from './check.js'
import type { Truth } from './truth.js'

/** Below this, search is not what it promises. */
const RECALL_FLOOR = 0.95
/** Single-precision sums on the server against double-precision ones here. */
const DISTANCE_TOLERANCE = 1e-4

export interface Searches {
  name: string
  queries: readonly Float32Array[]
  truth: Truth
  /** Whose memories; undefined searches everyone's. */
  userId?: string
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Runs the searches that callers run, and compares their answers with the truth. */
export async function checkSearches(funes: Funes, searches: Searches, signal: AbortSignal): Promise<Check> {
  const { name, queries, truth, userId } = searches
  const recalls: number[] = []
  const times: number[] = []
  let wrongDistances = 0
  for (const [i, embedding] of queries.entries()) {
    signal.throwIfAborted()
    const expected = truth[i] ?? []
    const scope = userId === undefined ? ({ scope: 'all-users' } as const) : { userId }
    const begin = performance.now()
    const hits = await funes.memories.search({ ...scope, embedding, k: expected.length })
    times.push(performance.now() - begin)
    const trueDistance = new Map(expected.map(({ id, distance }) => [id, distance]))
    const unique = new Map(
      hits.map(({ memory, distance }) => [memory.id, distance ?? Number.POSITIVE_INFINITY]),
    )
    for (const [id, distance] of unique) {
      const exact = trueDistance.get(id)
      if (exact !== undefined && Math.abs(exact - distance) > DISTANCE_TOLERANCE) wrongDistances++
    }
    recalls.push(
      recall(
        [...unique.values()],
        expected.map(({ distance }) => distance),
      ),
    )
  }
  const mean = recalls.reduce((sum, value) => sum + value, 0) / recalls.length
  const distances = wrongDistances === 0 ? '' : `, ${wrongDistances} distances wrong`
  return check(
    name,
    mean >= RECALL_FLOOR && wrongDistances === 0,
    `recall ${mean.toFixed(4)} over ${queries.length} searches, median ${middle(times).toFixed(1)} ms${distances}`,
  )
}
