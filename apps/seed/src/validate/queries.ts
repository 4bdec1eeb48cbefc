import type { Dataset, SeedRow } from '../datasets/dataset.js'

/** Two parts of one row and one part of another: near to something, equal to nothing. */
const SHARES = [2 / 3, 1 / 3] as const

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector)
  return vector.map((component) => component / length)
}

/** A vector that no row has, of the kind that rows have. */
function blend(a: Float32Array, b: Float32Array): Float32Array {
  const [first, second] = [unit(a), unit(b)]
  return unit(first.map((x, i) => SHARES[0] * x + SHARES[1] * (second[i] as number)))
}

export interface Queries {
  readonly vectors: readonly Float32Array[]
  readonly origin: string
}

/** Vectors to search for: held out where the data set has such, else blends of the sampled rows. */
export function makeQueries(dataset: Dataset, count: number, sampled: readonly SeedRow[]): Queries {
  if (dataset.heldOut) return { vectors: dataset.heldOut(count), origin: 'held-out queries' }
  const vectors = sampled
    .slice(0, count)
    .map(({ embedding }, i) =>
      blend(embedding, (sampled[(i + Math.ceil(sampled.length / 2)) % sampled.length] as SeedRow).embedding),
    )
  return { vectors, origin: 'blends of stored vectors' }
}
