/** A bound on one figure, or on its ratio to the same figure of another driver. Never on wall-clock alone. */
export interface Bound {
  readonly name: string
  readonly scenario: string
  readonly driver: string
  readonly figure: string
  /** The other driver of a ratio; left out for a recall. */
  readonly against?: string
  /** Only results whose point has this; the other driver's too where it has such a key. */
  readonly where?: Readonly<Record<string, string | number>>
  readonly atLeast?: number
  readonly atMost?: number
}

/**
 * What holds on any machine, however slow or busy. Ratios are wide of the targets: they are to catch a change that
 * makes Funes clearly slower than the same statement sent by hand, not a noisy neighbour.
 */
export const GATE: readonly Bound[] = [
  {
    name: 'recall of the default search',
    scenario: 'search',
    driver: 'funes',
    figure: 'recall',
    where: { effort: 'high' },
    atLeast: 0.98,
  },
  {
    name: 'recall of the fast search',
    scenario: 'search',
    driver: 'funes',
    figure: 'recall',
    where: { effort: 'fast' },
    atLeast: 0.85,
  },
  {
    name: 'recall of the exact search',
    scenario: 'search',
    driver: 'funes',
    figure: 'recall',
    where: { effort: 'exact' },
    atLeast: 1,
  },
  { name: 'recall under a filter', scenario: 'filtered', driver: 'funes', figure: 'recall', atLeast: 0.95 },
  {
    name: 'searches with fewer than k rows under a filter',
    scenario: 'filtered',
    driver: 'funes',
    figure: 'shortShare',
    atMost: 0,
  },
  { name: 'recall while others write', scenario: 'mixed', driver: 'funes', figure: 'recall', atLeast: 0.9 },
  {
    name: 'search against the same statement by hand',
    scenario: 'overhead',
    driver: 'funes',
    figure: 'p50Ms',
    against: 'pg',
    where: { call: 'search, high' },
    atMost: 2,
  },
  {
    name: 'client work of a search against the same statement by hand',
    scenario: 'overhead',
    driver: 'funes',
    figure: 'clientCpuMs',
    against: 'pg',
    where: { call: 'search, high' },
    atMost: 3.5,
  },
  {
    name: 'add against the same statement by hand',
    scenario: 'overhead',
    driver: 'funes',
    figure: 'p50Ms',
    against: 'pg',
    where: { call: 'add' },
    atMost: 2.5,
  },
]

const PEERS = ['mastra', 'langchain', 'prisma-naive'] as const

/** What the project set out to reach on 100,000 memories of 384 dimensions, on a server with two cores. */
export const TARGETS: readonly Bound[] = [
  {
    name: 'recall@10 of the default search',
    scenario: 'search',
    driver: 'funes',
    figure: 'recall',
    where: { effort: 'high' },
    atLeast: 0.98,
  },
  {
    name: 'a hundred questions in one call',
    scenario: 'batch',
    driver: 'funes',
    figure: 'recall',
    where: { way: 'in one call' },
    atLeast: 0.95,
  },
  {
    name: 'search p50 against pg',
    scenario: 'overhead',
    driver: 'funes',
    figure: 'p50Ms',
    against: 'pg',
    where: { call: 'search, high' },
    atMost: 1.15,
  },
  {
    name: 'search p50 under 10 ms',
    scenario: 'search',
    driver: 'funes',
    figure: 'p50Ms',
    where: { effort: 'high' },
    atMost: 10,
  },
  {
    name: 'throughput at 16 clients against pg',
    scenario: 'concurrency',
    driver: 'funes',
    figure: 'searchesPerSecond',
    against: 'pg',
    where: { clients: 16 },
    atLeast: 0.85,
  },
  ...PEERS.map((against) => ({
    ...{
      name: `throughput at 16 clients against ${against}`,
      scenario: 'concurrency',
      driver: 'funes',
      against,
    },
    ...{ figure: 'searchesPerSecond', where: { clients: 16 }, atLeast: 5 },
  })),
  {
    name: 'one add against pg',
    scenario: 'overhead',
    driver: 'funes',
    figure: 'p50Ms',
    against: 'pg',
    where: { call: 'add' },
    atMost: 1.2,
  },
  { name: 'one add under 5 ms', scenario: 'insert', driver: 'funes', figure: 'p50Ms', atMost: 5 },
  {
    name: 'recall@10 under every filter',
    scenario: 'filtered',
    driver: 'funes',
    figure: 'recall',
    atLeast: 0.98,
  },
  {
    name: 'p95 under a filter against p95 without one',
    scenario: 'filtered',
    driver: 'funes',
    figure: 'p95TimesUnfiltered',
    atMost: 2.5,
  },
  { name: 'fewer than k rows', scenario: 'filtered', driver: 'funes', figure: 'shortShare', atMost: 0 },
  {
    name: 'rows a second by COPY',
    scenario: 'bulk',
    driver: 'funes',
    figure: 'rowsPerSecond',
    where: { mode: 'load (COPY)' },
    atLeast: 15_000,
  },
  ...PEERS.map((against) => ({
    ...{ name: `from nothing to searchable against ${against}`, scenario: 'bulk', driver: 'funes', against },
    ...{ figure: 'searchableRowsPerSecond', where: { mode: 'load (COPY)' }, atLeast: 5 },
  })),
  {
    name: 'seconds to build the index over 10,000 rows',
    scenario: 'index-build',
    driver: 'funes',
    figure: 'secondsPer10k',
    atMost: 4.5,
  },
  {
    name: 'counting accesses against a bare table',
    scenario: 'counters',
    driver: 'funes',
    figure: 'ms',
    against: 'pg',
    atMost: 2,
  },
  {
    name: 'search p99 over a million',
    scenario: 'search',
    driver: 'funes',
    figure: 'p99Ms',
    where: { effort: 'fast', rows: 1_000_000 },
    atMost: 12,
  },
]

/** The same for 10,000 memories in this process. */
export const EMBEDDED_TARGETS: readonly Bound[] = [
  ...(['recall', 'p50Ms'] as const).map((figure) => ({
    ...{ name: `search by default, ${figure}`, scenario: 'search', driver: 'funes', figure },
    ...{ where: { effort: 'high' }, ...(figure === 'recall' ? { atLeast: 0.98 } : { atMost: 4 }) },
  })),
  { name: 'one add', scenario: 'insert', driver: 'funes', figure: 'p50Ms', atMost: 5 },
  { name: 'opening again', scenario: 'cold-start', driver: 'funes', figure: 'openMs', atMost: 1500 },
]
