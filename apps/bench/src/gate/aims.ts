import type { Report } from '../result.js'
import type { Bound } from './bound.js'

/** What the project set out to reach: a bound that may be on a time, for runs of one engine and size. */
export interface Aim extends Bound {
  /** Told beside it: the same by another scenario of Funes, which decides too, or what only helps to see it right. */
  readonly beside?: readonly Beside[]
}

export interface Beside extends Omit<Bound, 'name' | 'atLeast' | 'atMost'> {
  /** What the figure is called in the table; then it decides nothing. */
  readonly called?: string
}

const of = (scenario: string, figure: string, driver = 'funes') => ({ scenario, driver, figure })
const peers = ['mastra', 'langchain'] as const

/** On 100,000 memories of 384 dimensions, on a server with two cores. */
const SERVER: readonly Aim[] = [
  {
    ...{ name: 'recall@10 of the default search at least .98', ...of('search', 'recall') },
    ...{ where: { effort: 'high' }, atLeast: 0.98 },
  },
  {
    ...{ name: 'search p50 under 10 ms, among the memories of all users', ...of('search', 'p50Ms') },
    ...{ where: { effort: 'high' }, atMost: 10 },
  },
  {
    ...{ name: 'search p50 under 10 ms, among those of one user', ...of('filtered', 'p50Ms') },
    ...{ where: { by: 'user', effort: 'high' }, atMost: 10 },
  },
  {
    ...{ name: 'search p50 under 10 ms, by meaning and words', ...of('hybrid', 'p50Ms') },
    ...{ where: { mode: 'hybrid' }, atMost: 10 },
    beside: [{ ...of('hybrid', 'p50Ms'), where: { mode: 'hybrid with context' }, called: 'with context' }],
  },
  ...(['high', 'fast'] as const).map((effort) => ({
    ...{ name: `search p50 (\`${effort}\`) within 1.15 of the same statement by hand` },
    ...{ ...of('overhead', 'p50Ms'), against: 'pg', where: { call: `search, ${effort}` }, atMost: 1.15 },
    beside: [
      { ...of('search', 'p50Ms'), against: 'pg', where: { effort } },
      { ...of('concurrency', 'p50Ms'), against: 'pg', where: { effort, clients: 1 } },
    ],
  })),
  {
    ...{ name: 'throughput at 16 clients at least .85 of it', ...of('concurrency', 'searchesPerSecond') },
    ...{ against: 'pg', where: { clients: 16 }, atLeast: 0.85 },
  },
  ...peers.map((against) => ({
    ...{
      name: `5 times the throughput of ${against} at equal recall`,
      ...of('concurrency', 'searchesPerSecond'),
    },
    ...{ against, where: { clients: 16 }, atLeast: 5 },
  })),
  {
    ...{ name: '50 searches a second', ...of('concurrency', 'searchesPerSecond') },
    ...{ where: { clients: 16 }, atLeast: 50 },
  },
  {
    ...{ name: 'one durable add within 1.2 of the same statement', ...of('overhead', 'p50Ms') },
    ...{ against: 'pg', where: { call: 'add' }, atMost: 1.2 },
    beside: [{ ...of('insert', 'p50Ms'), against: 'pg' }],
  },
  {
    ...{ name: 'one add under 5 ms', ...of('insert', 'p50Ms'), atMost: 5 },
    beside: [of('insert', 'p50Ms', 'pg'), { ...of('overhead', 'p50Ms'), where: { call: 'add' } }],
  },
  {
    ...{ name: 'COPY, 15,000 rows/s', ...of('bulk', 'rowsPerSecond') },
    ...{ where: { mode: 'load (COPY)' }, atLeast: 15_000 },
    beside: [of('bulk', 'rowsPerSecond', 'pg')],
  },
  ...peers.map((against) => ({
    ...{
      name: `nothing to searchable 5 times as fast as ${against}`,
      ...of('bulk', 'searchableRowsPerSecond'),
    },
    ...{ against, where: { mode: 'load (COPY)' }, atLeast: 5 },
  })),
  {
    ...{ name: '100,000 rows indexed in 45 s', ...of('index-build', 'buildSeconds') },
    ...{ where: { rows: 100_000 }, atMost: 45 },
    beside: [{ ...of('bulk', 'indexSeconds'), where: { mode: 'load (COPY)' } }],
  },
  {
    ...{ name: '10,000 rows indexed in 5 s', ...of('index-build', 'buildSeconds') },
    ...{ where: { rows: 10_000 }, atMost: 5 },
  },
  {
    ...{ name: 'touching 10,000 memories within 2 of a table without vectors', ...of('counters', 'ms') },
    ...{ against: 'pg', where: { touched: 10_000 }, atMost: 2 },
  },
  {
    ...{ name: 'a hundred questions in one call faster than one by one', ...of('batch', 'timesOneByOne') },
    atMost: 1,
  },
]

/** What is promised of every filter, on both engines. */
const FILTERS: readonly Aim[] = [
  { name: 'recall@10 of .98 under every filter', ...of('filtered', 'recall'), atLeast: 0.98 },
  {
    name: 'k rows under every filter: share of searches with fewer',
    ...of('filtered', 'shortShare'),
    atMost: 0,
  },
  {
    ...{ name: 'p95 under a filter at most 2.5 of the unfiltered', ...of('filtered', 'p95TimesUnfiltered') },
    atMost: 2.5,
  },
]

const MILLION: readonly Aim[] = [
  {
    ...{ name: '1,000,000 rows, recall@10 of the default search at least .95', ...of('search', 'recall') },
    ...{ where: { effort: 'high' }, atLeast: 0.95 },
  },
  {
    ...{ name: '1,000,000 rows, p99 of the default search under 12 ms', ...of('search', 'p99Ms') },
    ...{ where: { effort: 'high' }, atMost: 12 },
    beside: [{ ...of('search', 'p99Ms', 'pg'), where: { effort: 'high' } }],
  },
]

/** For 10,000 memories in this process. */
const EMBEDDED: readonly Aim[] = [
  {
    ...{ name: 'embedded, recall@10 of the default search at least .98', ...of('search', 'recall') },
    ...{ where: { effort: 'high' }, atLeast: 0.98 },
  },
  {
    ...{ name: 'embedded, search p50 under 4 ms', ...of('search', 'p50Ms') },
    ...{ where: { effort: 'high' }, atMost: 4 },
    beside: [{ ...of('search', 'p50Ms', 'pg'), where: { effort: 'high' } }],
  },
  {
    ...{ name: 'embedded, one add under 5 ms', ...of('insert', 'p50Ms'), atMost: 5 },
    beside: [of('insert', 'p50Ms', 'pg')],
  },
  { name: 'embedded, warm open under 1.5 s', ...of('cold-start', 'openMs'), atMost: 1500 },
]

/** What a run is to be held against; at other sizes than these aims only inform. */
export function aimsOf({ environment, config }: Report): { aims: readonly Aim[]; isTheirSize: boolean } {
  const isServer = environment.engine === 'server'
  if (!isServer) {
    const inFilters = FILTERS.map((aim) => ({ ...aim, name: `embedded, ${aim.name}` }))
    return { aims: [...EMBEDDED, ...inFilters], isTheirSize: config.rows === 10_000 }
  }
  if (config.rows === 1_000_000) return { aims: MILLION, isTheirSize: true }
  return { aims: [...SERVER, ...FILTERS], isTheirSize: config.rows === 100_000 }
}
