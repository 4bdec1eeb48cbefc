import type { IndexKind, Metric } from '../models/types.js'
import { type Fragment, integerLiteral, sql, trusted } from './statement.js'

interface MetricSql {
  readonly operator: string
  readonly opclass: { readonly vector: string; readonly halfvec: string }
}

/** pgvector's operators and operator classes, one row a metric. */
const METRICS: Readonly<Record<Metric, MetricSql>> = {
  cosine: { operator: '<=>', opclass: { vector: 'vector_cosine_ops', halfvec: 'halfvec_cosine_ops' } },
  l2: { operator: '<->', opclass: { vector: 'vector_l2_ops', halfvec: 'halfvec_l2_ops' } },
  'inner-product': { operator: '<#>', opclass: { vector: 'vector_ip_ops', halfvec: 'halfvec_ip_ops' } },
}

/** What a model must tell for its vectors to be compared. */
export interface VectorSpace {
  readonly id: number
  readonly dimensions: number
  readonly metric: Metric
  readonly indexKind: IndexKind
}

/** The exact distance between the stored vector `column` and `query`, in full precision. */
export function exactDistance(space: VectorSpace, column: Fragment, query: Fragment): Fragment {
  return sql`(${column} ${trusted(METRICS[space.metric].operator)} ${query})`
}

/** The expression an index of this kind is built on, over `column`. */
function indexedExpression(space: VectorSpace, column: Fragment): Fragment {
  const n = integerLiteral(space.dimensions)
  switch (space.indexKind) {
    case 'hnsw-halfvec':
      return sql`(${column}::halfvec(${n}))`
    case 'hnsw-bit':
      return sql`(binary_quantize(${column})::bit(${n}))`
    case 'hnsw-vector':
    case 'none':
      return sql`(${column}::vector(${n}))`
  }
}

/**
 * The distance by which the model's index orders its rows: for bit vectors the Hamming distance, to be followed
 * by an exact re-rank; else the metric's own.
 *
 * The query stands in a subquery to be made so once. PostgreSQL computes what it orders by for each row that it takes from the
 * index, and under a plan for any parameters it made half precision of the query anew each time.
 */
export function indexedDistance(space: VectorSpace, column: Fragment, query: Fragment): Fragment {
  const operator = space.indexKind === 'hnsw-bit' ? '<~>' : METRICS[space.metric].operator
  return sql`${indexedExpression(space, column)} ${trusted(operator)} (select ${indexedExpression(space, query)})`
}

/** The operator class an index of this kind needs. */
function operatorClass(space: VectorSpace): Fragment {
  switch (space.indexKind) {
    case 'hnsw-bit':
      return trusted('bit_hamming_ops')
    case 'hnsw-halfvec':
      return trusted(METRICS[space.metric].opclass.halfvec)
    case 'hnsw-vector':
    case 'none':
      return trusted(METRICS[space.metric].opclass.vector)
  }
}

/** What follows `using hnsw` in the model's index. */
export function indexDefinition(space: VectorSpace): Fragment {
  return sql`(${indexedExpression(space, sql`embedding`)} ${operatorClass(space)})`
}
