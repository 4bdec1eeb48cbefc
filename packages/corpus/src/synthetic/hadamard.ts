/**
 * Multiplies `values` by the Hadamard matrix of their number, a power of two, in place: the fast Walsh-Hadamard
 * transform. Directions that lay on the axes then reach into every component, at n log n additions: an eighth of
 * what a random matrix of 96 x 384 costs.
 */
export function transformHadamard(values: Float64Array): void {
  const n = values.length
  for (let half = 1; half < n; half *= 2) {
    for (let block = 0; block < n; block += 2 * half) {
      for (let i = block; i < block + half; i++) {
        const a = values[i] as number
        const b = values[i + half] as number
        values[i] = a + b
        values[i + half] = a - b
      }
    }
  }
}
