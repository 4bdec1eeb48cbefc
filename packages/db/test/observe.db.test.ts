import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Funes, SlowQuery } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

/** What must never be seen outside of the database. The vector's first component is 0.1234567. */
const SECRET = 'zanzibar'
const vector = randomVector(random(1))
vector[0] = 0.1234567
const person = `user of ${SECRET}`

const spans = new InMemorySpanExporter()
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 2 ** 30 })
const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
const meters = new MeterProvider({ readers: [reader] })

async function metric(name: string) {
  await reader.forceFlush()
  const scopes = measured.getMetrics().at(-1)?.scopeMetrics ?? []
  const all = scopes.filter(({ scope }) => scope.name === '@funes/db').flatMap(({ metrics: ours }) => ours)
  return all.find(({ descriptor }) => descriptor.name === name)
}

/** Uses everything that takes something secret, some of it wrongly. */
async function liveALife(funes: Funes): Promise<void> {
  const given = {
    userId: person,
    content: `they live in ${SECRET}`,
    metadata: { [SECRET]: SECRET },
    embedding: vector,
  }
  const { id } = await funes.memories.add(given)
  await funes.memories.search({ userId: person, embedding: vector, text: SECRET })
  await funes.memories.update({ userId: person, id, content: `no longer in ${SECRET}`, embedding: vector })
  await funes.transaction(async (tx) => {
    await tx.memories.get({ userId: person, id })
  })
  await funes.memories.add({ ...given, id }).catch(() => {})
  await funes.memories.add({ ...given, sessionId: SECRET }).catch(() => {})
  await funes.memories
    .search({ userId: person, text: SECRET, language: SECRET, mode: 'text' })
    .catch(() => {})
  await funes.transaction(() => Promise.reject(new Error(SECRET))).catch(() => {})
  await funes.memories.load([given])
  await funes.prisma.tool.create({ data: { name: 'pen', description: SECRET } })
  const call = { tool: 'pen', userId: person, success: true, metadata: { [SECRET]: SECRET } }
  await funes.tools.recordUsageMany([call, call, { ...call, tool: 'brush' }])
  await funes.tools.flushUsage()
}

onEveryEngine('what is told', (db) => {
  const lines: string[] = []
  const slow: SlowQuery[] = []
  let funes: Funes

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    trace.setGlobalTracerProvider(tracers)
    metrics.setGlobalMeterProvider(meters)
    funes = await db().open({
      logger: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
      onSlowQuery: (query) => slow.push(query),
      slowQueryMs: 0,
    })
    await liveALife(funes)
  })
  afterAll(async () => {
    await funes.close()
    trace.disable()
    metrics.disable()
    context.disable()
    spans.reset()
    measured.reset()
  })
  beforeEach(() => {
    expect(spans.getFinishedSpans().length).toBeGreaterThan(5)
  })

  it('is a client span for each statement, after the conventions for databases', () => {
    const search = spans
      .getFinishedSpans()
      .find(
        ({ name, attributes }) =>
          /^SELECT .*memory_embeddings/.test(name) && attributes['funes.call'] === 'memories.search',
      )
    expect(search?.kind).toBe(SpanKind.CLIENT)
    expect(search?.instrumentationScope.name).toBe('@funes/db')
    expect(search?.attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.operation.name': 'SELECT',
      'db.query.summary': search?.name,
      'db.namespace': db().url === undefined ? 'postgres' : new URL(db().url as string).pathname.slice(1),
    })
    expect(search?.attributes['server.address']).toBe(db().url === undefined ? undefined : '127.0.0.1')
    expect(search?.attributes).not.toHaveProperty('db.query.text')
  })

  it('is one for each copy of a bulk load as well', () => {
    const names = spans.getFinishedSpans().map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['COPY memories', 'COPY memory_embeddings']))
  })

  it('names failures by SQLSTATE', () => {
    const failures = spans.getFinishedSpans().filter(({ status }) => status.code === SpanStatusCode.ERROR)
    expect(failures.length).toBeGreaterThan(2)
    const refused = failures.find(({ attributes }) => attributes['error.type'] === '23503')
    expect(refused?.attributes['db.response.status_code']).toBe('23503')
    expect(refused?.events).toEqual([])
  })

  it('puts the statements of a transaction under its span', () => {
    const all = spans.getFinishedSpans()
    const around = all.filter(({ name }) => name === 'funes.transaction')
    expect(around.some(({ status }) => status.code === SpanStatusCode.ERROR)).toBe(true)
    const ids = new Set(around.map((span) => span.spanContext().spanId))
    const inside = all.filter((span) => ids.has(span.parentSpanContext?.spanId ?? ''))
    expect(inside.some(({ name }) => name === 'SELECT memories')).toBe(true)
  })

  it('measures how long statements took, in seconds, and the connections of the pool', async () => {
    const duration = await metric('db.client.operation.duration')
    expect(duration?.descriptor.unit).toBe('s')
    expect(duration?.dataPointType).toBe(DataPointType.HISTOGRAM)
    const points = (duration?.dataPoints ?? []) as {
      attributes: object
      value: { sum: number; count: number; buckets: { boundaries: number[] } }
    }[]
    expect(points.length).toBeGreaterThan(3)
    expect(points[0]?.value.buckets.boundaries).toEqual([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
    expect(points.every(({ value }) => value.count > 0 && value.sum / value.count < 5)).toBe(true)
    expect(points.some(({ attributes }) => 'error.type' in attributes)).toBe(true)
    // An SDK goes on telling what was last seen of a pool that is closed.
    const ofPool = async (name: string) =>
      ((await metric(name))?.dataPoints ?? []).filter(({ attributes }) =>
        String(attributes['db.client.connection.pool.name']).startsWith(
          db().engine === 'embedded' ? 'embedded/' : '127.0.0.1:',
        ),
      )
    const connections = await ofPool('db.client.connection.count')
    const states = connections.map(({ attributes }) => attributes['db.client.connection.state'])
    expect(states.toSorted()).toEqual(['idle', 'used'])
    expect((await ofPool('db.client.connection.max'))[0]?.value).toBe(db().engine === 'embedded' ? 1 : 12)
    expect((await ofPool('db.client.connection.pending_requests'))[0]?.value).toBe(0)
  })

  it('counts what became of usages of tools', async () => {
    const counted = ((await metric('funes.tool.usages'))?.dataPoints ?? [])
      .filter(({ attributes }) => 'server.address' in attributes === (db().engine === 'server'))
      .map(({ attributes, value }) => [attributes['funes.tool.usage.outcome'], value])
    expect(counted.toSorted()).toEqual([
      ['stored', 2],
      ['unknownTool', 1],
    ])
  })

  it('is written to pino, and slow statements to the hook, with the call that they were part of', () => {
    const written = lines.map((line) => JSON.parse(line))
    const search = written.find((line) => line.call === 'memories.search')
    expect(search).toMatchObject({ level: 40, msg: 'funes: slow statement', operation: 'SELECT' })
    expect(search.durationMs).toBeGreaterThan(0)
    expect(slow.find(({ call }) => call === 'memories.search')).toMatchObject({
      operation: 'SELECT',
      error: null,
    })
    // None past so many different statements in one process, as where all test files share one.
    const name = slow.find(({ call }) => call === 'memories.search')?.statementName
    if (name !== null) expect(name).toMatch(/^funes_/)
    expect(slow.some(({ error }) => error === 'DB.CONSTRAINT')).toBe(true)
  })

  it('holds nothing of what is remembered, of whom, or asked', async () => {
    await metric('db.client.operation.duration')
    const told = JSON.stringify([
      lines,
      slow,
      spans
        .getFinishedSpans()
        .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
      measured.getMetrics(),
    ])
    expect(told).toContain('memory_embeddings')
    for (const secret of [SECRET, '1234567', '$1']) expect(told).not.toContain(secret)
  })

  it('is nothing at all where telemetry is turned off', async () => {
    const before = spans.getFinishedSpans().length
    const quiet = await db().open({ telemetry: false })
    await quiet.memories.count({ userId: person })
    await quiet.close()
    expect(spans.getFinishedSpans().length).toBe(before)
  })

  it('goes to a tracer and a meter that are given', async () => {
    const own = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] })
    const given = await db().open({
      telemetry: { tracer: provider.getTracer('mine'), meter: meters.getMeter('mine') },
    })
    await given.memories.count({ userId: person })
    await given.close()
    expect(own.getFinishedSpans().map(({ name }) => name)).toContain('SELECT memories')
  })
})
