import { recall } from '@funes/corpus/exact'
import type { Funes } from '@funes/db'
import type { SeedRow } from '../datasets/dataset.js'
import { type Check, check } from './check.js'
import { keyOf, type Truth } from './truth.js'

/** Below this, search is not what it promises. */
const RECALL_FLOOR = 0.95
/** Single-precision sums on the server against double-precision ones here. */
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

function cosineDistance(a: Float32Array, b: Float32Array): number {
  let [dot, ofA, ofB] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    const y = b[i] as number
    dot += x * y
    ofA += x * x
    ofB += y * y
  }
  return 1 - dot / Math.sqrt(ofA * ofB)
}

/** Works out how far the rows that came are from what was asked, out of the vectors that were to be stored. */
export interface Surveyor {
  offer(row: SeedRow): void
  /** Undefined for a row that the data set does not have. */
  distance(query: Float32Array, key: string): number | undefined
}

export function createSurveyor(all: readonly Answers[]): Surveyor {
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
      return vector && cosineDistance(query, vector)
    },
  }
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

/** Compares answers with the truth. What the database says about distances counts for nothing but to be compared. */
export function judge({ name, queries, answers, times }: Answers, truth: Truth, surveyor: Surveyor): Check {
  let sum = 0
  let wrong = 0
  for (const [i, answer] of answers.entries()) {
    const query = queries[i] as Float32Array
    const exact: number[] = []
    for (const [key, claimed] of answer) {
      const distance = surveyor.distance(query, key)
      if (distance !== undefined) exact.push(distance)
      const isRight =
        distance !== undefined && claimed !== null && Math.abs(distance - claimed) <= DISTANCE_TOLERANCE
      if (!isRight) wrong++
    }
    const expected = (truth[i] ?? []).map(({ distance }) => distance)
    sum += expected.length === 0 ? 0 : recall(exact, expected)
  }
  const mean = sum / answers.length
  const distances = wrong === 0 ? '' : `, ${wrong} distances wrong`
  return check(
    name,
    mean >= RECALL_FLOOR && wrong === 0,
    `recall ${mean.toFixed(4)} over ${queries.length} searches, median ${middle(times).toFixed(1)} ms${distances}`,
  )
}
