import type { RecordUsage, UsageMeasures } from '../src/index.js'

export type Unit = 'hour' | 'day' | 'week'

const QUARTER = 900_000
const DAY = 86_400_000

const formats = new Map<string, Intl.DateTimeFormat>()

/** The local clock at a moment, as milliseconds of a day that has no time zone. */
function localClock(at: number, timeZone: string): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timeZone, format)
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(
    part.year as number,
    (part.month as number) - 1,
    part.day as number,
    part.hour as number,
    part.minute as number,
    part.second as number,
  )
}

/** What all moments of one bucket have in common: the local hour and its offset, the local date, the Monday before it. */
function label(at: number, unit: Unit, timeZone: string): string {
  const local = localClock(at, timeZone)
  if (unit === 'hour') return `${Math.floor(local / 3_600_000)} ${local - Math.floor(at / 1000) * 1000}`
  const day = Math.floor(local / DAY)
  return unit === 'day' ? `${day}` : `${Math.floor((day + 3) / 7)}`
}

/** Where buckets begin, found by walking through time, and where the last one ends. */
export function expectedBounds(since: Date, until: Date, unit: Unit, timeZone: string): Date[] {
  const margin = unit === 'week' ? 9 * DAY : unit === 'day' ? 3 * DAY : 3 * 3_600_000
  const starts: number[] = []
  let last: string | undefined
  for (
    let at = Math.floor(since.getTime() / QUARTER) * QUARTER - margin;
    at <= until.getTime() + margin;
    at += QUARTER
  ) {
    const current = label(at, unit, timeZone)
    if (last !== undefined && current !== last) starts.push(at)
    last = current
  }
  return starts
    .filter((_, i) => {
      const next = starts[i + 1]
      const before = starts[i - 1]
      return (
        (next === undefined || next > since.getTime()) && (before === undefined || before < until.getTime())
      )
    })
    .map((start) => new Date(start))
}

const sum = (values: readonly (number | undefined)[]) =>
  values.reduce<number>((all, value) => all + (value ?? 0), 0)

/** What the usages come to, by the plainest means. `durationMs.mean` is left to a tolerance. */
export function expectedMeasures(usages: readonly RecordUsage[]): UsageMeasures {
  const durations = usages
    .flatMap(({ durationMs }) => (durationMs === undefined ? [] : [durationMs]))
    .sort((a, b) => a - b)
  const rank = (share: number) => durations[Math.max(0, Math.ceil(share * durations.length) - 1)] as number
  const failed = usages.filter(({ success }) => !success)
  const classes = new Map<string, number>()
  for (const { error } of failed) {
    const name = (error as string | undefined) ?? 'unknown'
    classes.set(name, (classes.get(name) ?? 0) + 1)
  }
  const times = usages.map(({ at }) => (at as Date).getTime())
  return {
    calls: usages.length,
    failures: failed.length,
    successRate: usages.length === 0 ? null : (usages.length - failed.length) / usages.length,
    durationMs:
      durations.length === 0
        ? null
        : { mean: sum(durations) / durations.length, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99) },
    errors: [...classes]
      .map(([name, calls]) => ({ class: name, calls }))
      .sort((a, b) => b.calls - a.calls || (a.class < b.class ? -1 : 1)),
    lastUsedAt: times.length === 0 ? null : new Date(Math.max(...times)),
    users: new Set(usages.flatMap(({ userId }) => userId ?? [])).size,
    sessions: new Set(
      usages.flatMap(({ userId, sessionId }) => (sessionId === undefined ? [] : `${userId} ${sessionId}`)),
    ).size,
    inputTokens: sum(usages.map(({ inputTokens }) => inputTokens)),
    outputTokens: sum(usages.map(({ outputTokens }) => outputTokens)),
  }
}

export const within = (usages: readonly RecordUsage[], since: Date, until: Date): RecordUsage[] =>
  usages.filter(({ at }) => (at as Date) >= since && (at as Date) < until)

/** @param present the version that a usage is of which names none */
export const ofVersion = (usages: readonly RecordUsage[], version: number, present: number): RecordUsage[] =>
  usages.filter((usage) => (usage.version ?? present) === version)

/** Wilson's interval, lower bound, 95 %. */
export function wilsonLower(failures: number, calls: number): number {
  const z = 1.959963984540054
  const p = failures / calls
  const centre = p + z ** 2 / (2 * calls)
  const half = z * Math.sqrt((p * (1 - p)) / calls + z ** 2 / (4 * calls ** 2))
  return Math.max(0, (centre - half) / (1 + z ** 2 / calls))
}
