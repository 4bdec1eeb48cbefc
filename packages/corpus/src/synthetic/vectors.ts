import { createRandom, mix } from './random.js'

export interface VectorSourceOptions {
  seed: number
  /** Components of each vector, 2 to 16,000. */
  dimensions: number
  /** Themes that the vectors gather around; 1,000 unless given. */
  clusters?: number
  /** Directions in which vectors really differ; 40 unless given. */
  intrinsicDimensions?: number
  /** How far a vector lies from its theme, as a share of how far themes lie from each other. */
  spread?: number
  /** Noise that belongs to no direction, as a share of a vector's length. */
  noise?: number
  /** How quickly directions lose weight: the n-th one's deviation is n to the power of minus `decay`. */
  decay?: number
}

/** An endless, reproducible sequence of unit vectors. */
export interface VectorSource {
  readonly dimensions: number
  /** The next vector. What comes after the vectors that were stored serves as held-out queries. */
  next(): Float32Array
  /** The vector at a place of the sequence, of a theme of the caller's choice if one is given. */
  at(index: number, cluster?: number): Float32Array
  /** The theme of the vector at a place of the sequence. */
  clusterAt(index: number): number
}

/**
 * Clustered unit vectors of low intrinsic dimension, as hard for a nearest-neighbour index as sentence embeddings.
 *
 * A vector is a theme plus a deviation, both drawn in a small space whose directions lose weight by a power law, as
 * the principal components of real embeddings do; that space is laid into the full one at random, with a little
 * noise on every component. Each place of the sequence has a generator of its own, so `at` costs the same anywhere.
 *
 * The defaults are fitted to real sentence embeddings by the recall of one and the same HNSW index over both.
 *
 * @example
 * const source = createVectorSource({ seed: 1, dimensions: 384 })
 * const stored = Array.from({ length: 10_000 }, () => source.next())
 * const queries = Array.from({ length: 100 }, () => source.next())
 */
export function createVectorSource(options: VectorSourceOptions): VectorSource {
  const {
    seed,
    dimensions,
    clusters = 1000,
    intrinsicDimensions = 40,
    spread = 0.6,
    noise = 0.3,
    decay = 0.35,
  } = options
  const latent = Math.min(intrinsicDimensions, dimensions)
  const weights = Float64Array.from({ length: latent }, (_, i) => (i + 1) ** -decay)
  const scale = 1 / Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0))

  const basisRandom = createRandom(seed, 1)
  const basis = Float32Array.from(
    { length: latent * dimensions },
    () => basisRandom.gaussian() / Math.sqrt(dimensions),
  )
  const themeRandom = createRandom(seed, 2)
  const themes = Float32Array.from(
    { length: clusters * latent },
    (_, i) => themeRandom.gaussian() * (weights[i % latent] as number) * scale,
  )

  const clusterAt = (index: number) => mix(mix(seed, 3), index) % clusters

  function at(index: number, cluster = clusterAt(index)): Float32Array {
    const random = createRandom(seed, 4, index)
    const vector = new Float32Array(dimensions)
    // Three uniform numbers out of one draw: their sum is near enough to normal, and the variance is 1/4.
    const grain = (2 * noise) / Math.sqrt(dimensions)
    for (let i = 0; i < dimensions; i++) {
      const bits = random.bits()
      vector[i] = grain * (((bits & 1023) + ((bits >>> 10) & 1023) + ((bits >>> 20) & 1023)) / 1023 - 1.5)
    }
    for (let j = 0; j < latent; j++) {
      const deviation = spread * scale * (weights[j] as number) * random.gaussian()
      const amount = (themes[cluster * latent + j] as number) + deviation
      const row = j * dimensions
      for (let i = 0; i < dimensions; i++) {
        vector[i] = (vector[i] as number) + amount * (basis[row + i] as number)
      }
    }
    let squared = 0
    for (let i = 0; i < dimensions; i++) squared += (vector[i] as number) ** 2
    const shrink = 1 / Math.sqrt(squared)
    for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) * shrink
    return vector
  }

  let place = 0
  return { dimensions, next: () => at(place++), at, clusterAt }
}
