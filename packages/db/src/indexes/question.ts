import { encodeVector } from '../vector.js'

/**
 * How much of another vector goes into a question. At 0.4 the questions ask as much of an index as vectors that are not
 * in it; a stored vector asks less, as the graph leads from it to its neighbours.
 */
const SHARE = 0.4

function scale(vector: Float32Array): number {
  return Math.hypot(...vector) || 1
}

/**
 * A question that nobody has stored, made of two vectors that are: `(1 − 0.4) v + 0.4 w` of their directions, as long as
 * `v`. In pgvector's binary form.
 */
export function questionBetween(v: Float32Array, w: Float32Array): Buffer {
  const [length, other] = [scale(v), scale(w)]
  const mixed = v.map((x, i) => ((1 - SHARE) * x) / length + (SHARE * (w[i] as number)) / other)
  const mixedLength = Math.hypot(...mixed)
  // Two opposite directions may leave next to nothing.
  if (mixedLength < 1e-3) return encodeVector(v, v.length)
  return encodeVector(
    mixed.map((x) => (x * length) / mixedLength),
    v.length,
  )
}
