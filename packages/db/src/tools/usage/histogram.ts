/** `tool_usage_duration_key` gives keys from this one, for a microsecond and less, up to 553, and one for zero. */
const FIRST_KEY = -139
const SIZE = 700
const ZERO_KEY = -32768

/** How many calls have a duration in each bucket of durations: those of zero first, then by key. */
export type Histogram = Float64Array

export const emptyHistogram = (): Histogram => new Float64Array(SIZE)

const COMMA = 44
const MINUS = 45
const DIGIT_ZERO = 48

/**
 * Adds keys and how many calls each stands for, both with commas in between. Read in one loop, as there may be hundreds of
 * thousands: split and put into a map they took four times as long.
 */
export function addTo(histogram: Histogram, keys: string, counts: string): void {
  let k = 0
  let c = 0
  while (k < keys.length) {
    let key = 0
    const isNegative = keys.charCodeAt(k) === MINUS
    if (isNegative) k += 1
    for (; k < keys.length && keys.charCodeAt(k) !== COMMA; k++)
      key = key * 10 + keys.charCodeAt(k) - DIGIT_ZERO
    k += 1

    let count = 0
    const isLess = counts.charCodeAt(c) === MINUS
    if (isLess) c += 1
    for (; c < counts.length && counts.charCodeAt(c) !== COMMA; c++)
      count = count * 10 + counts.charCodeAt(c) - DIGIT_ZERO
    c += 1

    const place = isNegative && -key === ZERO_KEY ? 0 : (isNegative ? -key : key) - FIRST_KEY + 1
    histogram[place] = (histogram[place] ?? 0) + (isLess ? -count : count)
  }
}

/** The sum of histograms. */
export function sumOf(histograms: readonly Histogram[]): Histogram {
  const sum = emptyHistogram()
  for (const histogram of histograms)
    for (let i = 0; i < SIZE; i++) sum[i] = (sum[i] ?? 0) + (histogram[i] ?? 0)
  return sum
}

/** The middle of a bucket of durations, in milliseconds: within 2.5 % of all that is in it. */
const durationAt = (place: number): number =>
  place === 0 ? 0 : (2 * Math.exp((place - 1 + FIRST_KEY) / 20)) / (Math.exp(0.05) + 1)

/** The durations at these shares of all calls, in rising order, by nearest rank; null where there are none. */
export function percentilesOf(histogram: Histogram, shares: readonly number[]): number[] | null {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  if (total <= 0) return null
  let place = 0
  let upto = histogram[0] ?? 0
  return shares.map((share) => {
    while (upto < share * total && place < SIZE - 1) {
      place += 1
      upto += histogram[place] ?? 0
    }
    return durationAt(place)
  })
}
