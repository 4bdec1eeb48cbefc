import { funesError } from './errors/funes-error.js'
import type { EmbeddingModel } from './models/types.js'

/** A vector as callers give it: plain numbers or single-precision floats. */
export type VectorInput = readonly number[] | Float32Array

/**
 * Encodes a vector in pgvector's binary form, which `vector_recv` reads: int16 dimensions, int16 zero, then
 * each component as a big-endian float4. Half the bytes of the text form, and nothing to parse.
 *
 * @param vector `dimensions` finite components, not all zero.
 * @returns 4 + 4 × dimensions bytes.
 * @throws `INPUT.INVALID`, `EMBEDDING.DIMENSION_MISMATCH`, `EMBEDDING.NOT_FINITE`, `EMBEDDING.ZERO`
 */
export function encodeVector(vector: VectorInput, dimensions: number, path = 'embedding'): Buffer {
  if (!(Array.isArray(vector) || vector instanceof Float32Array)) {
    throw funesError('INPUT.INVALID', `${path} is neither an array of numbers nor a Float32Array.`, {
      fix: 'Give a Float32Array or number[].',
      meta: { path },
    })
  }
  if (vector.length !== dimensions) {
    throw funesError(
      'EMBEDDING.DIMENSION_MISMATCH',
      `${path} has ${vector.length} dimensions, the model has ${dimensions}.`,
      {
        fix: `Use the encoder whose vectors have ${dimensions} dimensions, or register a model with ${vector.length} and name it in \`model\`.`,
        meta: { path, expected: dimensions, received: vector.length },
      },
    )
  }
  const buffer = Buffer.allocUnsafe(4 + 4 * dimensions)
  buffer.writeInt16BE(dimensions, 0)
  buffer.writeInt16BE(0, 2)
  const view = new DataView(buffer.buffer, buffer.byteOffset + 4, 4 * dimensions)
  let length = 0
  for (let i = 0; i < dimensions; i++) {
    const component = Math.fround(vector[i] as number)
    if (typeof vector[i] !== 'number' || !Number.isFinite(component)) {
      throw funesError('EMBEDDING.NOT_FINITE', `${path}[${i}] is not a finite single-precision number.`, {
        fix: 'Check the encoder: every component must be a number of magnitude below 3.4e38.',
        meta: { path, index: i },
      })
    }
    length += component * component
    view.setFloat32(4 * i, component)
  }
  // pgvector sums squares in single precision: a sum that overflows there, or vanishes, has no cosine.
  if (!Number.isFinite(Math.fround(length))) {
    throw funesError('EMBEDDING.NOT_FINITE', `${path} is too long for single precision.`, {
      fix: 'Scale the vector: a length of 1 is usual.',
      meta: { path },
    })
  }
  if (Math.fround(length) === 0) {
    throw funesError('EMBEDDING.ZERO', `${path} is a zero vector.`, {
      fix: 'Leave out texts that the encoder has no vector for: zeros are no answer to what a text means, under any metric.',
      meta: { path },
    })
  }
  return buffer
}

/** The largest half-precision number (IEEE 754 binary16). */
export const HALF_MAX = 65_504
/** Below its 6.1e-5, half precision loses digits with every step; all components beneath this may come to nothing. */
const HALF_COMFORTABLE = 1e-4

/**
 * {@link encodeVector} for a model, whose index must be able to hold the vector too: an index of half precision takes
 * components up to 65,504, and under the cosine metric the largest must not be under 0.0001.
 *
 * @throws as {@link encodeVector}; `EMBEDDING.OUT_OF_RANGE`
 */
export function encodeFor(
  model: Pick<EmbeddingModel, 'dimensions' | 'metric' | 'indexKind'>,
  vector: VectorInput,
  path = 'embedding',
): Buffer {
  const encoded = encodeVector(vector, model.dimensions, path)
  if (model.indexKind !== 'hnsw-halfvec') return encoded
  let largest = 0
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i] as number))
  const isTooSmall = model.metric === 'cosine' && largest < HALF_COMFORTABLE
  if (largest <= HALF_MAX && !isTooSmall) return encoded
  throw funesError(
    'EMBEDDING.OUT_OF_RANGE',
    `${path} is too ${isTooSmall ? 'small' : 'large'} for an index of half precision.`,
    {
      fix: 'Scale the vectors to a length of 1, or register the model with indexKind: hnsw-vector.',
      meta: { path, largest, minimum: model.metric === 'cosine' ? HALF_COMFORTABLE : 0, maximum: HALF_MAX },
    },
  )
}

/** Reads what {@link encodeVector} and pgvector's `vector_send` write. */
export function decodeVector(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const vector = new Float32Array(view.getInt16(0))
  for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(4 + 4 * i)
  return vector
}
