/**
 * Shares `total` items among `count` holders by Zipf's law: the n-th holder's share falls as n to the power of
 * minus `exponent`, and everyone has at least one.
 *
 * @returns `count` natural numbers, largest first, whose sum is `total`.
 * @throws RangeError when there are fewer items than holders
 */
export function zipfShares(total: number, count: number, exponent: number): Int32Array {
  if (total < count) throw new RangeError(`${total} are too few for ${count} to have one each`)
  const weights = Float64Array.from({ length: count }, (_, i) => (i + 1) ** -exponent)
  const sum = weights.reduce((a, b) => a + b, 0)
  const shares = new Int32Array(count)
  let weightSoFar = 0
  let given = 0
  // Cut at the rounded running sum: the parts then add up, however many there are.
  for (let i = 0; i < count; i++) {
    weightSoFar += weights[i] as number
    const upTo = i === count - 1 ? total - count : Math.round(((total - count) * weightSoFar) / sum)
    shares[i] = 1 + upTo - given
    given = upTo
  }
  return shares.sort().reverse()
}
