/** A reproducible generator of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A vector of `dimensions` components in [-1, 1). */
export function randomVector(next: () => number, dimensions = 384): Float32Array {
  return Float32Array.from({ length: dimensions }, () => 2 * next() - 1)
}

/** Cosine distance in double precision: the oracle for pgvector's `<=>`. */
export function cosineDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0
  let aa = 0
  let bb = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    dot += x * y
    aa += x * x
    bb += y * y
  }
  return 1 - dot / Math.sqrt(aa * bb)
}
