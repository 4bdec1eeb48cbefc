import fc from 'fast-check'
import { expect } from 'vitest'
import type { RecordUsage, UsageMeasures } from '../src/index.js'
import type { Unit } from './tool-usage-oracle.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Time zones, and a moment at which their clocks do something worth a look. */
export const MOMENTS: readonly (readonly [zone: string, at: string, what: string])[] = [
  ['UTC', '2026-06-01T00:00:00Z', 'nothing'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z', 'forward, a day of 23 hours'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z', 'back, a day of 25 hours'],
  ['America/New_York', '2026-11-01T06:00:00Z', 'back'],
  ['Asia/Kolkata', '2026-06-01T00:00:00Z', 'half an hour beside UTC'],
  ['Asia/Kathmandu', '2026-06-01T00:00:00Z', 'three quarters of an hour beside UTC'],
  ['America/Havana', '2026-11-01T05:00:00Z', 'back over midnight: it comes twice'],
  ['America/Havana', '2026-03-08T05:00:00Z', 'forward over midnight: there is none'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z', 'from midnight back to the day before'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z', 'forward over midnight'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 'back by half an hour'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 'forward by half an hour'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z', 'over the date line: a day is missing'],
]

export const TOOLS = ['alpha', 'beta'] as const
/** The one that all of them have. */
export const VERSION = 2

const usage = fc.record(
  {
    tool: fc.constantFrom(...TOOLS),
    version: fc.constantFrom(1, VERSION),
    success: fc.boolean(),
    // Days, hours and milliseconds apart, so that edges are met.
    at: fc.tuple(
      fc.integer({ min: -4, max: 4 }),
      fc.integer({ min: -30, max: 30 }),
      fc.integer({ min: -1, max: 1 }),
    ),
    userId: fc.constantFrom('ada', 'bob', 'cyd'),
    sessionId: fc.constantFrom('s1', 's2'),
    durationMs: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1e6, noNaN: true })),
    error: fc.constantFrom('TimeoutError', 'HTTP 429'),
    inputTokens: fc.nat(1000),
    outputTokens: fc.nat(1000),
  },
  { requiredKeys: ['tool', 'success', 'at'] },
)

export const scenarioAt = (moment: (typeof MOMENTS)[number]) =>
  fc.record({
    moment: fc.constant(moment),
    usages: fc.array(usage, { maxLength: 50 }),
    since: fc.integer({ min: -100 * 4, max: -1 }),
    until: fc.integer({ min: 1, max: 100 * 4 }),
    offMs: fc.constantFrom(0, 0, 1, 123_456),
    unit: fc.constantFrom('hour', 'day', 'week', undefined),
    sweep: fc.boolean(),
    /** Whose rows are deleted after all were recorded. */
    without: fc.constantFrom('ada', 'bob', undefined),
    drop: fc.boolean(),
  })

/** Makes of a scenario what is recorded and asked. */
export function readScenario({
  moment,
  usages,
  since,
  until,
  offMs,
  unit,
}: ReturnType<typeof scenarioAt> extends fc.Arbitrary<infer T> ? T : never) {
  const centre = Date.parse(moment[1])
  const recorded = usages.map(
    ({ at: [days, halfHours, ms], error, ...more }): RecordUsage => ({
      ...more,
      ...(error !== undefined && !more.success && { error }),
      at: new Date(centre + days * DAY + (halfHours * HOUR) / 2 + ms),
    }),
  )
  const range = {
    since: new Date(centre + (since * HOUR) / 4 + offMs),
    until: new Date(centre + (until * HOUR) / 4 - offMs),
  }
  return { recorded, range, timeZone: moment[0], unit: unit as Unit | undefined }
}

export function expectAlike(actual: UsageMeasures, expected: UsageMeasures, exact: boolean): void {
  const { durationMs, users, sessions, ...counts } = expected
  expect(actual).toMatchObject(counts)
  // A shared bit makes two names one; of so few that is rare, but may be.
  const slack = exact ? 0 : 1
  expect(Math.abs(actual.users - users)).toBeLessThanOrEqual(slack)
  expect(Math.abs(actual.sessions - sessions)).toBeLessThanOrEqual(slack)
  expect(actual.durationMs === null).toBe(durationMs === null)
  for (const key of ['mean', 'p50', 'p95', 'p99'] as const) {
    const value = durationMs?.[key] ?? 0
    const tolerance = exact || key === 'mean' ? 1e-9 : 0.02501
    // Sums from which much was taken away keep what was lost in adding it.
    const lost = exact || key !== 'mean' ? 0 : 1e-6
    expect(Math.abs((actual.durationMs?.[key] ?? 0) - value)).toBeLessThanOrEqual(value * tolerance + lost)
  }
}
