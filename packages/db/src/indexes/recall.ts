/** A row that a search brought. */
export interface Neighbour {
  /** What tells it from others. */
  readonly key: string
  readonly distance: number
}

/** Distances that differ by less are taken for equal: the same vectors, summed in another order. */
const EPSILON = 1e-6

/**
 * The share of the `k` nearest that `found` has, 0 to 1. What is as near as the k-th nearest counts, whichever of several
 * equally near rows it is. Null when there is nothing to find.
 */
export function recallAt(
  k: number,
  nearest: readonly Neighbour[],
  found: readonly Neighbour[],
): number | null {
  const wanted = Math.min(k, nearest.length)
  const last = nearest[wanted - 1]
  if (last === undefined) return null
  const limit = last.distance + EPSILON * Math.max(1, Math.abs(last.distance))
  const right = found.slice(0, wanted).filter(({ distance }) => distance <= limit)
  return right.length / wanted
}

/** The list without the row `key`, and no longer than `k`: a stored row must not find itself. */
export function without(key: string, rows: readonly Neighbour[], k: number): Neighbour[] {
  return rows.filter((row) => row.key !== key).slice(0, k)
}

export interface Mean {
  readonly mean: number
  /** The mean less one standard error: what it may well be over all questions, and not over these alone. */
  readonly cautious: number
}

/** @param values at least one */
export function meanOf(values: readonly number[]): Mean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (values.length < 2) return { mean, cautious: mean }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return { mean, cautious: mean - Math.sqrt(variance / values.length) }
}
