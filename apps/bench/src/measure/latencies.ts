import { build, type Histogram } from 'hdr-histogram-js'
import type { Percentile, Spread } from '../result.js'
import { once, spread } from './spread.js'

const PERCENTILES = [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100]

/** Latencies in a high dynamic range histogram: three digits exact from a microsecond to an hour. */
export interface Latencies {
  readonly count: number
  record(ms: number): void
  ms(percentile: number): number
  add(other: Latencies): void
  percentiles(): Percentile[]
  /** @internal */
  readonly histogram: Histogram
}

/** Two calls stand above a p99 at least: of fewer calls it would be the slowest one, which is chance. */
const CALLS_FOR_P99 = 200

/** A p99 of each of several rounds, or of all together where a round has too few calls; none where those are too few too. */
export function p99Of(rounds: readonly Latencies[]): Spread | undefined {
  if (rounds.length > 0 && rounds.every(({ count }) => count >= CALLS_FOR_P99))
    return spread(rounds.map((one) => one.ms(99)))
  const all = createLatencies()
  for (const one of rounds) all.add(one)
  return all.count >= CALLS_FOR_P99 ? once(all.ms(99)) : undefined
}

export function createLatencies(): Latencies {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
    useWebAssembly: false,
  })
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  return {
    histogram,
    get count() {
      return histogram.totalCount
    },
    record: (ms) => histogram.recordValue(Math.max(1, Math.round(ms * 1000))),
    ms: at,
    add: (other) => histogram.add(other.histogram),
    // A percentile that fewer than one call stands above would only repeat the slowest call.
    percentiles: () =>
      PERCENTILES.filter((p) => p === 100 || histogram.totalCount * (1 - p / 100) >= 1).map((percentile) => ({
        percentile,
        ms: at(percentile),
      })),
  }
}
