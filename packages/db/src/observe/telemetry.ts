/** What Funes calls of an OpenTelemetry span. */
export interface TelemetrySpan {
  setAttributes(attributes: Record<string, string>): unknown
  setStatus(status: { code: number; message?: string }): unknown
  end(): void
}

/** What Funes calls of an OpenTelemetry tracer: that of `@opentelemetry/api` fits. */
export interface TelemetryTracer {
  startSpan(name: string, options: TelemetrySpanOptions): TelemetrySpan
  startActiveSpan<T>(name: string, options: TelemetrySpanOptions, work: (span: TelemetrySpan) => T): T
}

export interface TelemetrySpanOptions {
  kind: number
  attributes: Record<string, string | number>
}

export interface TelemetryInstrumentOptions {
  description: string
  unit: string
  advice?: { explicitBucketBoundaries: number[] }
}

/** What a gauge is asked with. */
export type TelemetryCallback = (result: {
  observe(value: number, attributes: Record<string, string | number>): void
}) => void

/** What Funes calls of an OpenTelemetry meter: that of `@opentelemetry/api` fits. */
export interface TelemetryMeter {
  createHistogram(
    name: string,
    options: TelemetryInstrumentOptions,
  ): { record(value: number, attributes: Record<string, string | number>): void }
  createCounter(
    name: string,
    options: TelemetryInstrumentOptions,
  ): { add(value: number, attributes: Record<string, string | number>): void }
  createObservableUpDownCounter(
    name: string,
    options: TelemetryInstrumentOptions,
  ): { addCallback(callback: TelemetryCallback): void; removeCallback(callback: TelemetryCallback): void }
}

/** Where spans and metrics go. */
export interface Telemetry {
  readonly tracer?: TelemetryTracer | undefined
  readonly meter?: TelemetryMeter | undefined
}

/** The instrumentation scope of everything that Funes emits. */
const SCOPE = '@funes/db'

/**
 * The tracer and the meter of an SDK that is running in this process; undefined where there is none, or where the optional
 * `@opentelemetry/api` is not installed. The API alone is not enough: without an SDK all it does is cost time.
 */
export async function findTelemetry(): Promise<Telemetry | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined)
  if (api === undefined) return undefined
  const provider = api.trace.getTracerProvider()
  const isIdle =
    provider instanceof api.ProxyTracerProvider && provider.getDelegateTracer(SCOPE) === undefined
  const tracer = isIdle ? undefined : provider.getTracer(SCOPE)
  const found = api.metrics.getMeter(SCOPE)
  const meter = found === api.createNoopMeter() ? undefined : found
  return tracer || meter ? { tracer, meter } : undefined
}
