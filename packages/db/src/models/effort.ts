import type { Accuracy } from '../memories/types.js'
import type { EmbeddingModel } from './types.js'

/** Among whom is searched. */
export interface Crowd {
  engine: 'server' | 'embedded'
  isOneUser: boolean
  isFiltered: boolean
  /** Whether row-level security filters: then a search of all is one of some. */
  isConfined?: boolean | undefined
}

const EXACT_UP_TO = {
  server: { everyone: 4000, user: 6000, filtered: 4000 },
  embedded: { everyone: 2500, user: 3000, filtered: 1500 },
} as const

/**
 * Up to so many candidates a full comparison is as quick as the index or quicker, and exact. One user's vectors are read
 * in a row; the index would have to pass over those of all others. What a filter leaves is looked up one by one, at
 * twice to three times the cost. Measured in docs/adr/0016-exact-or-index.md.
 */
export function exactUpTo({ engine, isOneUser, isFiltered }: Crowd): number {
  const limits = EXACT_UP_TO[engine]
  if (isFiltered) return limits.filtered
  return isOneUser ? limits.user : limits.everyone
}

/** The most that pgvector takes for hnsw.ef_search. */
export const MAX_EF_SEARCH = 1000

/**
 * hnsw.ef_search by accuracy until a model is calibrated: at least the recall@10 of .999 and .973 measured on 39,400 real
 * sentence vectors.
 */
const EF_SEARCH: Readonly<Record<Accuracy, number>> = { exact: 200, high: 200, fast: 40 }

/** How many rows the index looks at for `k` results: what calibration found, never fewer than there are to find. */
export function efSearch(model: Pick<EmbeddingModel, 'calibration'>, accuracy: Accuracy, k: number): number {
  const effort =
    accuracy === 'exact' ? EF_SEARCH.exact : (model.calibration?.[accuracy].efSearch ?? EF_SEARCH[accuracy])
  return Math.min(MAX_EF_SEARCH, Math.max(effort, accuracy === 'high' ? 2 * k : k))
}

/** The same for a search of one user or under a filter, which trusts only the first two thirds of what the index brings. */
export const efNarrowed = (effort: number): number => Math.min(MAX_EF_SEARCH, Math.ceil(1.35 * effort))
