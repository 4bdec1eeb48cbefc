import { build, type Histogram } from 'hdr-histogram-js'
import type { Percentile } from '../result.js'

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
