import type pg from 'pg'
import { z } from 'zod'
import { databaseTarget } from './database-target.js'
import { createLogSink, type Logger, type SlowQuery } from './log-sink.js'
import { type Observer, observerOf, type Sink } from './observer.js'
import { findTelemetry, type Telemetry } from './telemetry.js'
import { createTelemetrySink } from './telemetry-sink.js'

/** Who is told what happens. No memory, vector, id of a user or parameter is in any of it. */
export interface ObserveOptions {
  /**
   * Where OpenTelemetry's spans and metrics go. Left out, to the SDK that runs in this process when the Funes is made, if
   * there is one and `@opentelemetry/api` is installed; `false` for nowhere.
   */
  telemetry?: false | Telemetry
  /** Every statement at `debug`, slow ones and failures at `warn`, migrations and index builds at `info`. Pino's fits. */
  logger?: Logger
  /** Called with each statement that takes `slowQueryMs` or longer. */
  onSlowQuery?: (query: SlowQuery) => unknown
  /** In milliseconds; 1,000 unless given. */
  slowQueryMs?: number
}

const DEFAULT_SLOW_QUERY_MS = 1000

const has = (value: unknown, method: string): boolean =>
  typeof (value as Record<string, unknown> | null)?.[method] === 'function'

const telemetrySchema = z.custom<false | Telemetry>(
  (value) =>
    value === false ||
    (typeof value === 'object' &&
      value !== null &&
      ['tracer', 'meter'].some((part) => part in value) &&
      [
        ['tracer', 'startActiveSpan'],
        ['meter', 'createHistogram'],
      ].every(([part, method]) => {
        const given = (value as Record<string, unknown>)[part as string]
        return given === undefined || has(given, method as string)
      })),
  'must be false, or { tracer, meter } of OpenTelemetry',
)

/** How {@link ObserveOptions} are checked, as part of a larger object. */
export const observeShape = {
  telemetry: telemetrySchema.optional(),
  logger: z
    .custom<Logger>(
      (value) => ['debug', 'info', 'warn', 'error'].every((level) => has(value, level)),
      'must have debug, info, warn and error',
    )
    .optional(),
  onSlowQuery: z
    .custom<(query: SlowQuery) => unknown>((f) => typeof f === 'function', 'must be a function')
    .optional(),
  slowQueryMs: z.number().min(0).max(86_400_000).optional(),
}

/** Who is told of what happens on a pool, for which so many calls wait: nobody, unless there is a logger, a hook or an SDK. */
export async function createObserver(
  { telemetry, logger, onSlowQuery, slowQueryMs = DEFAULT_SLOW_QUERY_MS }: ObserveOptions,
  { pool, kind, waiting }: { pool: pg.Pool; kind: 'server' | 'embedded'; waiting: () => number },
): Promise<Observer> {
  const found = telemetry === undefined ? await findTelemetry() : telemetry
  const sinks: Sink[] = []
  if (found) sinks.push(createTelemetrySink(found, { pool, waiting, target: databaseTarget(pool, kind) }))
  if (logger || onSlowQuery) sinks.push(createLogSink({ logger, onSlowQuery, slowQueryMs }))
  return observerOf(sinks)
}
