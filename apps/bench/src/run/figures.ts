import type { LoopResult } from '../measure/closed-loop.js'
import { p99Of } from '../measure/latencies.js'
import { spread } from '../measure/spread.js'
import type { Result, Spread } from '../result.js'
import type { Chart } from './context.js'

/** One turn of a driver: its loop, and the recall of the searches in it. */
export interface Round {
  readonly loop: LoopResult
  readonly recall?: number
  /** The share of searches that gave fewer rows than there are. */
  readonly short?: number
  /** The share of hits that are about what the query is about. */
  readonly onTopic?: number
}

/** What every loop tells, recall first where there were searches. */
export function loopFigures(rounds: readonly Round[], rateName: string): Record<string, Spread> {
  const over = (figure: (round: Round) => number) => spread(rounds.map(figure))
  const p99Ms = p99Of(rounds.map(({ loop }) => loop.latencies))
  return {
    ...(rounds[0]?.recall !== undefined && { recall: over(({ recall = 0 }) => recall) }),
    ...(rounds[0]?.short !== undefined && { shortShare: over(({ short = 0 }) => short) }),
    ...(rounds[0]?.onTopic !== undefined && { onTopicShare: over(({ onTopic = 0 }) => onTopic) }),
    p50Ms: over(({ loop }) => loop.latencies.ms(50)),
    p95Ms: over(({ loop }) => loop.latencies.ms(95)),
    ...(p99Ms && { p99Ms }),
    [rateName]: over(({ loop }) => loop.calls / loop.seconds),
    clientCpuMs: over(({ loop }) => loop.cpuMs),
  }
}

/** A line for each driver: a figure over what was varied. */
export function linesOf(
  results: readonly Result[],
  figure: string,
  chart: Pick<Chart, 'title' | 'x' | 'y'> & { key: string },
): Chart {
  const { key, ...look } = chart
  return {
    kind: 'lines',
    ...look,
    dots: results.flatMap(({ driver, point, figures }) => {
      const y = figures[figure]?.median
      const x = point[key]
      return y === undefined || x === undefined ? [] : [{ series: driver, x, y }]
    }),
  }
}

/** A bar for each result: its driver, and what `key` says of it. */
export function barsOf(
  results: readonly Result[],
  figure: string,
  chart: { title: string; label: string; key?: string },
): Chart {
  return {
    kind: 'bars',
    title: chart.title,
    x: { label: chart.label },
    y: { label: '' },
    dots: results.flatMap(({ driver, point, figures }) => {
      const y = figures[figure]?.median
      if (y === undefined) return []
      const x = chart.key === undefined ? driver : `${driver}, ${point[chart.key]}`
      return [{ series: driver, x, y }]
    }),
  }
}

/** Latency by percentile, a line for each result. */
export function percentileLines(results: readonly Result[], title: string): Chart {
  return {
    kind: 'lines',
    title,
    x: { label: 'percentile', percentile: true },
    y: { label: 'ms', log: true },
    dots: results.flatMap(({ driver, percentiles = [] }) =>
      percentiles.map(({ percentile, ms }) => ({ series: driver, x: percentile, y: ms })),
    ),
  }
}
