import type { CallOptions } from '../../call-options.js'
import { checked } from '../../input.js'
import type { Span } from '../../sql/tool-usage-cells.js'
import { selectFailing, selectTrending, selectUnused } from '../../sql/tool-usage-ranking.js'
import { type SightRow, selectSight } from '../../sql/tool-usage-sight.js'
import { failingSchema, trendingSchema, unusedSchema } from './input.js'
import { rangeOf } from './range.js'
import { type Asking, type Reading, readingOf } from './sight.js'
import { coverRange } from './spans.js'

/** What every question about tools as against each other takes. */
interface OfTools extends CallOptions {
  /** Only enabled tools, or only disabled ones; all that were not removed unless given. */
  enabled?: boolean
  /** So many tools at most, 1 to 1,000; 20 unless given. */
  limit?: number
}

export interface TrendingTools extends OfTools {
  /** Where the later window ends; the end of the running hour unless given. */
  until?: Date
  /** The length of each of the two windows, in milliseconds, from a minute; 7 days unless given. */
  windowMs?: number
  /** Added to both counts before they are compared, so that two calls after none are not endless growth; 10 unless given. */
  smoothing?: number
  /** Tools with fewer calls in the later window are left out; 1 unless given. */
  minCalls?: number
}

export interface TrendingTool {
  readonly tool: string
  /** In the later window. */
  readonly calls: number
  /** In the window before it. */
  readonly previousCalls: number
  /** (calls + smoothing) / (previousCalls + smoothing): 1 is no change, 2 twice as much. */
  readonly growth: number
}

export interface FailingTools extends OfTools {
  /** 7 days before `until` unless given. */
  since?: Date
  /** The end of the running hour unless given. */
  until?: Date
  /** Tools with fewer calls are left out; 20 unless given. */
  minCalls?: number
  /** Tools that may well fail more seldom are left out: against `errorRateAtLeast`, from 0 to 1; 0.05 unless given. */
  minErrorRate?: number
}

export interface FailingTool {
  readonly tool: string
  readonly calls: number
  readonly failures: number
  /** failures / calls. */
  readonly errorRate: number
  /** The lower bound of Wilson's score interval, 95 %: how often the tool fails at least, as far as so many calls can tell. */
  readonly errorRateAtLeast: number
  /** The most frequent classes, up to 5. */
  readonly errors: readonly { readonly class: string; readonly calls: number }[]
}

export interface NeverUsedTools extends OfTools {
  /** Also tools that were last called before this moment. */
  since?: Date
}

export interface NeverUsedTool {
  readonly tool: string
  readonly enabled: boolean
  readonly registeredAt: Date
  /** Null when it was never called. */
  readonly lastUsedAt: Date | null
}

const WEEK_MS = 7 * 86_400_000
const DEFAULT_LIMIT = 20

/** What answers for a range, for each tool, and how its rows are read. */
async function sourcesOf(
  asking: Asking,
  range: { since: Date; until: Date },
  bounds: readonly Date[] | null,
): Promise<Reading & { spans: Span[] }> {
  const [row] = await asking.run(selectSight)
  const { rawFrom, ...sight } = row as SightRow & { rawFrom: Date | null }
  const reading = readingOf(asking, sight, { isOfScope: false })
  return { ...reading, spans: coverRange(range, { bounds, rawFrom, ofTool: true }) }
}

export async function trendingTools(asking: Asking, given: TrendingTools): Promise<TrendingTool[]> {
  const {
    windowMs = WEEK_MS,
    smoothing = 10,
    minCalls = 1,
    enabled,
    limit,
    until: end,
  } = checked(trendingSchema, given)
  const { since, until } = rangeOf({ until: end }, 2 * windowMs)
  const bounds = [since, new Date(until.getTime() - windowMs), until]
  const { spans, ofAllUsers, run } = await sourcesOf(asking, { since, until }, bounds)
  return run(
    selectTrending(
      {
        spans,
        bounds,
        ofAllUsers,
        enabled: enabled ?? null,
        limit: limit ?? DEFAULT_LIMIT,
      },
      { smoothing, minCalls },
    ),
  )
}

export async function failingTools(asking: Asking, given: FailingTools): Promise<FailingTool[]> {
  const { minCalls = 20, minErrorRate = 0.05, enabled, limit, ...range } = checked(failingSchema, given)
  const { since, until } = rangeOf(range, WEEK_MS)
  const { spans, ofAllUsers, run } = await sourcesOf(asking, { since, until }, null)
  return run(
    selectFailing(
      {
        spans,
        bounds: null,
        ofAllUsers,
        enabled: enabled ?? null,
        limit: limit ?? DEFAULT_LIMIT,
      },
      { minCalls, minErrorRate },
    ),
  )
}

export async function neverUsedTools(
  asking: Pick<Asking, 'run'>,
  given: NeverUsedTools,
): Promise<NeverUsedTool[]> {
  const { since, enabled, limit = DEFAULT_LIMIT } = checked(unusedSchema, given)
  return asking.run(selectUnused(since ?? null, { enabled: enabled ?? null, limit }))
}
