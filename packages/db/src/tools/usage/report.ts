import type { Engine } from '../../engine/engine.js'
import { databaseError } from '../../errors/database-error.js'
import { funesError } from '../../errors/funes-error.js'
import { checked } from '../../input.js'
import { type CellMeasureRow, measureCells } from '../../sql/tool-usage-cells.js'
import type { MeasureRow } from '../../sql/tool-usage-measures.js'
import { type BucketUnit, type PlanRow, selectUsagePlan } from '../../sql/tool-usage-plan.js'
import { measureRows } from '../../sql/tool-usage-rows.js'
import { toolNotFound } from '../errors.js'
import { addTo, emptyHistogram, type Histogram, percentilesOf, sumOf } from './histogram.js'
import { querySchema } from './input.js'
import { rangeOf } from './range.js'
import { type Asking, readingOf } from './sight.js'
import { coverRange } from './spans.js'
import type { UsageBucket, UsageMeasures, UsageQuery, UsageReport } from './types.js'

const MS_PER_DAY = 86_400_000
const DEFAULT_RANGE_MS = 30 * MS_PER_DAY
/** A month by hours. */
const MAX_BUCKETS = 750
const UNIT_MS: Record<BucketUnit, number> = { hour: 3_600_000, day: MS_PER_DAY, week: 7 * MS_PER_DAY }

/** Up to about so many calls their rows are read, beyond cells are added up. */
const READ_ROWS_UP_TO = 30_000

/** Cells of an hour are counted in a short range, cells of a day in a longer one. */
const COUNT_HOURS_UP_TO_MS = 4 * MS_PER_DAY

function measuresOf(row: MeasureRow | undefined): UsageMeasures {
  const { calls, failures, timed, percentiles } = row ?? {
    calls: 0,
    failures: 0,
    timed: 0,
    percentiles: null,
  }
  const [p50, p95, p99] = (percentiles ?? []) as [number, number, number]
  return {
    calls,
    failures,
    successRate: calls === 0 ? null : (calls - failures) / calls,
    durationMs:
      row === undefined || timed === 0 || p50 === undefined
        ? null
        : { mean: row.durationSum / timed, p50, p95, p99 },
    errors: row?.errors ?? [],
    lastUsedAt: row?.lastAt ?? null,
    users: row?.users ?? 0,
    sessions: row?.sessions ?? 0,
    inputTokens: row?.inputTokens ?? 0,
    outputTokens: row?.outputTokens ?? 0,
  }
}

const SHARES = [0.5, 0.95, 0.99]

/** Percentiles in place of histograms; that of the whole range is the sum of all. */
function withPercentiles(rows: readonly CellMeasureRow[]): MeasureRow[] {
  const histograms = rows.map(({ durationKeys, durationCounts }) => {
    const histogram = emptyHistogram()
    if (durationKeys !== null && durationCounts !== null) addTo(histogram, durationKeys, durationCounts)
    return histogram
  })
  return rows.map(({ durationKeys: _keys, durationCounts: _counts, ...row }, i) => ({
    ...row,
    percentiles: percentilesOf(row.bucket === 0 ? sumOf(histograms) : (histograms[i] as Histogram), SHARES),
  }))
}

/** Every bucket, those without calls too. */
function bucketsOf(bounds: readonly Date[] | null, rows: ReadonlyMap<number, MeasureRow>): UsageBucket[] {
  return (bounds ?? []).slice(0, -1).map((start, i) => ({
    start,
    end: bounds?.[i + 1] as Date,
    ...measuresOf(rows.get(i + 1)),
  }))
}

function invalid(path: string, message: string, cause?: unknown) {
  return funesError('INPUT.INVALID', `${path}: ${message}.`, {
    fix: 'Correct the argument that `meta.path` names.',
    meta: { path },
    ...(cause !== undefined && { cause }),
  })
}

/** The SQLSTATE of a time zone that the database does not know. */
const UNKNOWN_ZONE = '22023'

async function planOf(
  engine: Pick<Engine, 'run'>,
  query: {
    tool?: string | undefined
    version?: number | undefined
    bucket?: BucketUnit | undefined
    timeZone?: string | undefined
    isCounted: boolean
  },
  { since, until }: { since: Date; until: Date },
): Promise<Omit<PlanRow, 'bounds'> & { bounds: Date[] | null }> {
  const length = until.getTime() - since.getTime()
  try {
    const [plan] = await engine.run(
      selectUsagePlan({
        tool: query.tool ?? null,
        version: query.version ?? null,
        since,
        until,
        unit: query.bucket ?? null,
        timeZone: query.timeZone ?? 'UTC',
        grain: !query.isCounted ? null : length <= COUNT_HOURS_UP_TO_MS ? 60 : 1440,
      }),
    )
    const { bounds, ...known } = plan as PlanRow
    return { ...known, bounds: bounds?.split(',').map((ms) => new Date(Number(ms))) ?? null }
  } catch (error) {
    const translated = databaseError(error)
    if (translated.meta.sqlstate !== UNKNOWN_ZONE) throw translated
    throw invalid('timeZone', 'is not a time zone that the database knows', translated)
  }
}

/** Measures usages, as `tools.usage` says. */
export async function reportUsage(asking: Asking, given: UsageQuery): Promise<UsageReport> {
  const query = checked(querySchema, given)
  const asked = rangeOf(query, DEFAULT_RANGE_MS)
  if (
    query.bucket !== undefined &&
    (asked.until.getTime() - asked.since.getTime()) / UNIT_MS[query.bucket] > MAX_BUCKETS
  ) {
    throw invalid(
      'bucket',
      `the range has more than ${MAX_BUCKETS} of them; take larger ones, or a shorter range`,
    )
  }
  const ofUser = query.userId !== undefined
  // Who is held to one user or tenant may count their rows, and not read the totals of all.
  const isCounted = !ofUser && query.exact === undefined
  const plan = await planOf(asking, { ...query, isCounted }, asked)
  const { toolId, rawFrom, calls, bounds } = plan
  const { ofAllUsers, run } = readingOf(asking, plan, { isOfScope: ofUser || query.exact === true })
  if (toolId === null) throw toolNotFound(query.tool as string, query.version)

  const isWhole = rawFrom === null || rawFrom <= asked.since
  const exact = ofUser || (query.exact ?? (isWhole && calls <= READ_ROWS_UP_TO))
  const since = exact && !isWhole ? new Date(Math.min(rawFrom.getTime(), asked.until.getTime())) : asked.since
  const of = { since, until: asked.until, bounds, ofAllUsers }
  const tool = query.tool === undefined ? null : toolId
  const { version = null, userId = null, sessionId = null } = query
  const rows = exact
    ? await run(measureRows({ toolId: tool, version, userId, sessionId }, of))
    : withPercentiles(
        await run(
          measureCells(tool, {
            ...of,
            version,
            spans: coverRange(asked, { bounds, rawFrom, ofTool: tool !== null }),
          }),
        ),
      )
  const byBucket = new Map(rows.map((row) => [row.bucket, row]))
  return {
    since,
    until: asked.until,
    exact,
    rawFrom,
    ...measuresOf(byBucket.get(0)),
    buckets: bucketsOf(bounds, byBucket),
  }
}
