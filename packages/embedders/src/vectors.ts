import { embedderError } from './errors.js'

/**
 * Holds an encoder to its word, and makes its vectors single precision.
 *
 * @returns `count` vectors of `dimensions` components.
 * @throws `EMBEDDER.OUTPUT_INVALID`
 */
export function checkVectors(
  model: string,
  vectors: readonly ArrayLike<number>[],
  count: number,
  dimensions: number,
): Float32Array[] {
  if (vectors.length !== count) {
    throw embedderError(
      'EMBEDDER.OUTPUT_INVALID',
      `${model} answered with ${vectors.length} vectors for ${count} texts.`,
      'Check the model: it must answer with one vector for each text, in order.',
    )
  }
  return vectors.map((vector) => {
    if (vector.length !== dimensions) {
      throw embedderError(
        'EMBEDDER.OUTPUT_INVALID',
        `${model} answered with ${vector.length} dimensions where ${dimensions} were announced.`,
        `Give \`dimensions: ${vector.length}\`, or ask the model for ${dimensions}.`,
      )
    }
    return new Float32Array(vector)
  })
}
