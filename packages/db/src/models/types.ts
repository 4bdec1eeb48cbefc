/** How two vectors are compared: `<=>`, `<->` and `<#>` of pgvector. */
export const METRICS = ['cosine', 'l2', 'inner-product'] as const
export type Metric = (typeof METRICS)[number]

/** Which index serves a model's vectors. */
export const INDEX_KINDS = ['hnsw-vector', 'hnsw-halfvec', 'hnsw-bit', 'none'] as const
export type IndexKind = (typeof INDEX_KINDS)[number]

/**
 * - `building`: its vectors or its index are still being made.
 * - `active`: ready to be stored and searched under by every Funes that names it.
 * - `retired`: another took over, and who names this one is led there. Its vectors stay until `models.retire` removes them.
 */
export type ModelState = 'building' | 'active' | 'retired'

/** How hard an index must be asked for an accuracy, and what it gave then. */
export interface CalibratedEffort {
  /** hnsw.ef_search; for `hnsw-bit` also the rows that are compared exactly afterwards. */
  readonly efSearch: number
  /** Mean recall@k over the questions asked. */
  readonly recall: number
}

/** What `indexes.calibrate` found, kept with the model. */
export interface Calibration {
  readonly k: number
  /** Recall aimed at with `high`; `fast` aims at 0.95, or at this where it is lower. */
  readonly target: number
  /** Questions asked. */
  readonly sample: number
  readonly high: CalibratedEffort
  readonly fast: CalibratedEffort
  /** Whether the greatest effort that pgvector allows was enough for the target. */
  readonly reached: boolean
  /** ISO 8601. */
  readonly at: string
}

/** A registered encoder: every vector in the database belongs to one. */
export interface EmbeddingModel {
  readonly id: number
  readonly name: string
  /** Components of each vector, 1 to 16,000. */
  readonly dimensions: number
  readonly metric: Metric
  readonly indexKind: IndexKind
  readonly state: ModelState
  /** The name of the model that took over; null while none has. */
  readonly replacedBy: string | null
  /** Null until `indexes.calibrate`. */
  readonly calibration: Calibration | null
  readonly createdAt: Date
}

export interface RegisterModel {
  name: string
  dimensions: number
  /** `cosine` unless given. */
  metric?: Metric
  /** Unless given: the kind that measures best on the engine at hand. */
  indexKind?: IndexKind
  /**
   * `false` leaves the index to `indexes.build`, which is quicker after a bulk load than an index that grows with it.
   * Searches compare every row until then.
   */
  buildIndex?: boolean
}
