import { type Metric, recall } from '@funes/corpus/exact'
import type { Funes } from '@funes/db'
import type { SeedRow } from '../datasets/dataset.js'
import { type Check, check } from './check.js'
import { keyOf, type Truth } from './truth.js'

/** What a search by default promises. */
const RECALL_PROMISED = 0.98
/** Single-precision sums on the server against double-precision ones here, as a part of what is above 1. */
const DISTANCE_TOLERANCE = 1e-4

export interface Searches {
  name: string
  queries: readonly Float32Array[]
  k: number
  /** Whose memories; undefined searches everyone's. */
  userId?: string
}

/** What came back for one query: the rows by their keys, with the distances that the database claims. */
export type Answer = ReadonlyMap<string, number | null>

export interface Answers {
  readonly name: string
  readonly queries: readonly Float32Array[]
  readonly answers: readonly Answer[]
  readonly times: readonly number[]
}

/** Runs the searches that callers run. */
export async function runSearches(funes: Funes, searches: Searches, signal: AbortSignal): Promise<Answers> {
  const { name, queries, k, userId } = searches
  const answers: Answer[] = []
  const times: number[] = []
  const scope = userId === undefined ? ({ scope: 'all-users' } as const) : { userId }
  for (const embedding of queries) {
    signal.throwIfAborted()
    const begin = performance.now()
    const hits = await funes.memories.search({ ...scope, embedding, k })
    times.push(performance.now() - begin)
    answers.push(new Map(hits.map(({ memory, distance }) => [keyOf(memory), distance])))
  }
  return { name, queries, answers, times }
}

/** As pgvector has it: `<=>`, `<->` and `<#>`. */
function distanceBy(metric: Metric, a: Float32Array, b: Float32Array): number {
  let [dot, ofA, ofB] = [0, 0, 0]
  let apart = 0
  for (const [i, x] of a.entries()) {
    const y = b[i] as number
    dot += x * y
    ofA += x * x
    ofB += y * y
    apart += (x - y) ** 2
  }
  switch (metric) {
    case 'cosine':
      return 1 - dot / Math.sqrt(ofA * ofB)
    case 'l2':
      return Math.sqrt(apart)
    case 'inner-product':
      return -dot
  }
}

/** Works out how far the rows that came are from what was asked, out of the vectors that were to be stored. */
export interface Surveyor {
  offer(row: SeedRow): void
  /** Undefined for a row that the data set does not have. */
  distance(query: Float32Array, key: string): number | undefined
}

export function createSurveyor(all: readonly Answers[], metric: Metric): Surveyor {
  const wanted = new Map<string, Float32Array | undefined>()
  for (const { answers } of all)
    for (const answer of answers) for (const key of answer.keys()) wanted.set(key, undefined)
  return {
    offer(row) {
      const key = keyOf(row)
      if (wanted.has(key)) wanted.set(key, row.embedding)
    },
    distance(query, key) {
      const vector = wanted.get(key)
      return vector && distanceBy(metric, query, vector)
    },
  }
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Twice the standard error of a mean: what chance alone hardly exceeds, in so few searches. */
function allowance(values: readonly number[], mean: number): number {
  if (values.length < 2) return 0
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return 2 * Math.sqrt(squares / (values.length - 1) / values.length)
}

const sizeOf = (distance: number) => Math.max(1, Math.abs(distance))

/** Compares answers with the truth. What the database says about distances counts for nothing but to be compared. */
export function judge({ name, queries, answers, times }: Answers, truth: Truth, surveyor: Surveyor): Check {
  const recalls: number[] = []
  let wrong = 0
  for (const [i, answer] of answers.entries()) {
    const query = queries[i] as Float32Array
    const exact: number[] = []
    for (const [key, claimed] of answer) {
      const distance = surveyor.distance(query, key)
      if (distance !== undefined) exact.push(distance)
      const isRight =
        distance !== undefined &&
        claimed !== null &&
        Math.abs(distance - claimed) <= DISTANCE_TOLERANCE * sizeOf(distance)
      if (!isRight) wrong++
    }
    const expected = (truth[i] ?? []).map(({ distance }) => distance)
    const tolerance = 1e-5 * sizeOf(expected.at(-1) ?? 0)
    recalls.push(expected.length === 0 ? 0 : recall(exact, expected, tolerance))
  }
  const mean = recalls.reduce((sum, one) => sum + one, 0) / recalls.length
  const distances = wrong === 0 ? '' : `, ${wrong} distances wrong`
  return check(
    name,
    mean + allowance(recalls, mean) >= RECALL_PROMISED && wrong === 0,
    `recall ${mean.toFixed(4)} over ${queries.length} searches, median ${middle(times).toFixed(1)} ms${distances}`,
  )
}
