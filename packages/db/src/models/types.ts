/** How two vectors are compared: `<=>`, `<->` and `<#>` of pgvector. */
export const METRICS = ['cosine', 'l2', 'inner-product'] as const
export type Metric = (typeof METRICS)[number]

/** Which index serves a model's vectors. */
export const INDEX_KINDS = ['hnsw-vector', 'hnsw-halfvec', 'hnsw-bit', 'none'] as const
export type IndexKind = (typeof INDEX_KINDS)[number]

export type ModelState = 'building' | 'active' | 'retired'

/** A registered encoder: every vector in the database belongs to one. */
export interface EmbeddingModel {
  readonly id: number
  readonly name: string
  /** Components of each vector, 1 to 16,000. */
  readonly dimensions: number
  readonly metric: Metric
  readonly indexKind: IndexKind
  readonly state: ModelState
  readonly createdAt: Date
}

export interface RegisterModel {
  name: string
  dimensions: number
  /** `cosine` unless given. */
  metric?: Metric
  /** Unless given: the kind that measures best on the engine at hand. */
  indexKind?: IndexKind
}
