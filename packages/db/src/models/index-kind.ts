import { funesError } from '../errors/funes-error.js'
import type { IndexKind, Metric } from './types.js'

/** How many dimensions pgvector's HNSW takes of each type (pgvector README, "HNSW"). */
const MAX_DIMENSIONS: Readonly<Record<IndexKind, number>> = {
  'hnsw-vector': 2000,
  'hnsw-halfvec': 4000,
  'hnsw-bit': 64_000,
  none: 16_000,
}

/**
 * The index a model gets unless it asks for another. On a server half precision halves the index at the same
 * recall; WebAssembly has no half-precision arithmetic, so there full precision is the quicker one.
 */
export function defaultIndexKind(
  engine: 'server' | 'embedded',
  dimensions: number,
  metric: Metric,
): IndexKind {
  if (engine === 'embedded' && dimensions <= MAX_DIMENSIONS['hnsw-vector']) return 'hnsw-vector'
  if (dimensions <= MAX_DIMENSIONS['hnsw-halfvec']) return 'hnsw-halfvec'
  return metric === 'cosine' ? 'hnsw-bit' : 'none'
}

/** @throws `MODEL.INDEX_UNSUPPORTED` when pgvector has no such index */
export function assertIndexable(kind: IndexKind, dimensions: number, metric: Metric): void {
  if (dimensions > MAX_DIMENSIONS[kind]) {
    throw funesError(
      'MODEL.INDEX_UNSUPPORTED',
      `${kind} takes up to ${MAX_DIMENSIONS[kind]} dimensions, not ${dimensions}.`,
      {
        fix: 'Choose hnsw-halfvec (4,000), hnsw-bit (64,000, cosine) or none.',
        meta: { indexKind: kind, dimensions, maximum: MAX_DIMENSIONS[kind] },
      },
    )
  }
  if (kind === 'hnsw-bit' && metric !== 'cosine') {
    throw funesError(
      'MODEL.INDEX_UNSUPPORTED',
      `hnsw-bit keeps directions only, which says nothing about ${metric}.`,
      {
        fix: 'Use the cosine metric, or another kind of index.',
        meta: { indexKind: kind, metric },
      },
    )
  }
}
