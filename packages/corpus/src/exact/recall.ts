/**
 * How many of the true `k` nearest an answer has, 0 to 1, fair to ties: whatever lies no farther than the true k-th
 * nearest counts (the measure of ann-benchmarks).
 *
 * @param distances exact distances of the rows that came, in any order; rows that came twice count once each time, so
 * leave duplicates out.
 * @param truth the true `k` nearest rows' distances, nearest first.
 * @param tolerance what single-precision sums may differ by; 1e-5 unless given.
 * @throws RangeError when there is no truth to compare with
 */
export function recall(distances: ArrayLike<number>, truth: ArrayLike<number>, tolerance = 1e-5): number {
  const k = truth.length
  if (k === 0) throw new RangeError('there is no true answer to compare with')
  const limit = (truth[k - 1] as number) + tolerance
  const hits = Array.from(distances).filter((distance) => distance <= limit).length
  return Math.min(hits, k) / k
}
