import type { FunesError } from '../errors/funes-error.js'
import type { DatabaseTarget } from './database-target.js'
import type { StatementDescription } from './describe-statement.js'
import type { Sink } from './observer.js'
import { observePool, type WatchedPool } from './pool-metrics.js'
import type { Telemetry, TelemetrySpan } from './telemetry.js'

/** SpanKind and SpanStatusCode of `@opentelemetry/api`, which need not be there. */
const INTERNAL = 0
const CLIENT = 2
const ERROR = 2

/** Seconds; what the conventions advise for `db.client.operation.duration`. */
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

const DEFAULT_PORT = 5432

export type Attributes = Record<string, string | number>

/** What every span and metric says of the database. */
function targetAttributes({ namespace, address, port }: DatabaseTarget): Attributes {
  return {
    'db.system.name': 'postgresql',
    ...(namespace !== undefined && { 'db.namespace': namespace }),
    ...(address !== undefined && { 'server.address': address }),
    ...(address !== undefined && port !== undefined && port !== DEFAULT_PORT && { 'server.port': port }),
  }
}

/** `error.type` is the SQLSTATE where the database gave one, else the code of the error. */
function errorAttributes(error: FunesError | null): Record<string, string> {
  const { sqlstate } = error?.meta ?? {}
  return typeof sqlstate === 'string'
    ? { 'error.type': sqlstate, 'db.response.status_code': sqlstate }
    : { 'error.type': error?.code ?? '_OTHER' }
}

function fail(span: TelemetrySpan, error: FunesError | null): void {
  span.setAttributes(errorAttributes(error))
  // A code and no message: what else a message may quote is nobody's business.
  span.setStatus({ code: ERROR, ...(error && { message: error.code }) })
}

/**
 * Spans and metrics after OpenTelemetry's semantic conventions for database clients: a client span for each statement, an
 * internal one around a transaction, `db.client.operation.duration`, the connections of the pool, and
 * what became of usages of tools.
 */
export function createTelemetrySink({ tracer, meter }: Telemetry, watched: WatchedPool): Sink {
  const common = targetAttributes(watched.target)
  const cached = new Map<string, Attributes>()
  const duration = meter?.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS },
  })
  const observedPool = meter && observePool(meter, watched)
  const usages = meter?.createCounter('funes.tool.usages', {
    description: 'Usages of tools that were stored, or that were not, and why.',
    unit: '{usage}',
  })

  function attributesOf({ operation, table, summary }: StatementDescription): Attributes {
    // Different statements may share a summary, but then not what follows from it.
    const key = `${operation} ${table} ${summary}`
    let attributes = cached.get(key)
    if (attributes === undefined) {
      attributes = {
        ...common,
        'db.operation.name': operation,
        ...(table !== null && { 'db.collection.name': table }),
        'db.query.summary': summary,
      }
      cached.set(key, attributes)
    }
    return attributes
  }

  return {
    statement(seen) {
      const attributes = attributesOf(seen)
      const span = tracer?.startSpan(seen.summary, {
        kind: CLIENT,
        attributes: seen.call === null ? attributes : { ...attributes, 'funes.call': seen.call },
      })
      return ({ durationMs, rows, error }) => {
        const failed = rows === null
        if (failed && span) fail(span, error)
        span?.end()
        duration?.record(
          durationMs / 1000,
          failed ? { ...attributes, ...errorAttributes(error) } : attributes,
        )
        if (error?.code === 'DB.POOL_EXHAUSTED') observedPool?.countTimeout()
      }
    },
    ...(tracer && {
      transaction: <T>(work: () => Promise<T>) =>
        tracer.startActiveSpan('funes.transaction', { kind: INTERNAL, attributes: common }, async (span) => {
          try {
            return await work()
          } catch (error) {
            const { code } = error as { code?: unknown }
            // The caller's own errors pass through here too: of those only that there was one.
            const type = typeof code === 'string' && /^[A-Z]+\.[A-Z_]+$/.test(code) ? code : '_OTHER'
            span.setAttributes({ 'error.type': type })
            span.setStatus({ code: ERROR })
            throw error
          } finally {
            span.end()
          }
        }),
    }),
    usages: (outcome, count) => usages?.add(count, { ...common, 'funes.tool.usage.outcome': outcome }),
    close: () => observedPool?.close(),
  }
}
