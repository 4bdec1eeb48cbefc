import { z } from 'zod'
import type { Metric } from '../models/types.js'

/** Hits that differ from each other: maximal marginal relevance. */
export interface Diversity {
  /** 1 counts relevance only, 0 only how little a memory is like those already chosen. */
  lambda: number
}

export const diversitySchema = z.strictObject({
  lambda: z.number().min(0, 'must be at least 0').max(1, 'must be at most 1'),
})

/** So many hits at most are chosen for diversity: each choice compares all candidates once more. */
export const MAX_DIVERSE = 200
/** Components of all candidates' vectors together: 16 MB of them, 32 on the wire. */
const MAX_COMPONENTS = 4_000_000

/** How many of `candidates` rows there is room for, and never fewer than k. */
export function diversePool(k: number, candidates: number, dimensions: number): number {
  return Math.max(k, Math.min(candidates, Math.floor(MAX_COMPONENTS / dimensions)))
}

export interface DiversityCandidate {
  readonly score: number
  /** Null when the memory has none: it is like nothing. */
  readonly vector: Float32Array | null
}

/** Why a candidate was chosen: `value` = λ · relevance − penalty, penalty = (1 − λ) · similarity. */
export interface DiversityPart {
  /** The score, brought to 0..1 over the candidates. */
  readonly relevance: number
  /** To the most similar of the hits chosen before it; 0 for the first. */
  readonly similarity: number
  readonly penalty: number
  readonly value: number
}

interface Measured {
  readonly vector: Float32Array
  readonly length: number
}

function measured(vector: Float32Array): Measured {
  return { vector, length: Math.sqrt(dotProduct(vector, vector)) }
}

function dotProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function euclideanDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
  return Math.sqrt(sum)
}

/**
 * How alike two memories are, 1 at most. Cosine, and 1 / (1 + distance) under L2. An inner product has no bound, and
 * need not be greatest of a vector with itself, so under that metric too it is the cosine.
 */
function similarity(a: Measured, b: Measured, metric: Metric): number {
  return metric === 'l2'
    ? 1 / (1 + euclideanDistance(a.vector, b.vector))
    : dotProduct(a.vector, b.vector) / (a.length * b.length)
}

/** Values brought to 0..1; without a spread each is as good as the best. */
function normalised(values: readonly number[]): number[] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return values.map((value) => (high === low ? 1 : (value - low) / (high - low)))
}

/**
 * Chooses k of the candidates one by one, each time the one with the greatest λ · relevance − (1 − λ) · similarity to those
 * chosen before it (Carbonell and Goldstein, SIGIR 1998). Of equals the first given wins.
 */
export function selectDiverse<C extends DiversityCandidate>(
  candidates: readonly C[],
  { k, lambda, metric }: { k: number; lambda: number; metric: Metric },
): { candidate: C; diversity: DiversityPart }[] {
  const relevance = normalised(candidates.map(({ score }) => score))
  const vectors = candidates.map(({ vector }) => (vector === null ? null : measured(vector)))
  // Nothing is chosen yet; after the first choice it is the maximum, which may be negative.
  const nearest = candidates.map(() => 0)
  const open = new Set(candidates.keys())
  const chosen: { candidate: C; diversity: DiversityPart }[] = []
  while (chosen.length < k && open.size > 0) {
    let best = -1
    let bestValue = Number.NEGATIVE_INFINITY
    for (const i of open) {
      const value = lambda * (relevance[i] as number) - (1 - lambda) * (nearest[i] as number)
      if (value > bestValue) {
        best = i
        bestValue = value
      }
    }
    open.delete(best)
    const taken = vectors[best]
    const like = nearest[best] as number
    chosen.push({
      candidate: candidates[best] as C,
      diversity: {
        relevance: relevance[best] as number,
        similarity: like,
        penalty: (1 - lambda) * like,
        value: bestValue,
      },
    })
    for (const i of open) {
      const vector = vectors[i]
      const alike = vector && taken ? similarity(vector, taken, metric) : 0
      nearest[i] = chosen.length === 1 ? alike : Math.max(nearest[i] as number, alike)
    }
  }
  return chosen
}
