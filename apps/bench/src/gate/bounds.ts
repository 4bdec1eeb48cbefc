import type { Bound } from './bound.js'

const of = (scenario: string, figure: string, driver = 'funes') => ({ scenario, driver, figure })

/**
 * What holds on any machine, however slow or busy, so never a time. Ratios are wide of the aims: they are to catch a
 * change that makes Funes clearly slower than the same statement sent by hand, not a noisy neighbour.
 */
export const GATE: readonly Bound[] = [
  {
    ...{ name: 'recall of the default search', ...of('search', 'recall') },
    ...{ where: { effort: 'high' }, atLeast: 0.98 },
  },
  {
    ...{ name: 'recall of the fast search', ...of('search', 'recall') },
    ...{ where: { effort: 'fast' }, atLeast: 0.85 },
  },
  {
    ...{ name: 'recall of the exact search', ...of('search', 'recall') },
    ...{ where: { effort: 'exact' }, atLeast: 1 },
  },
  { name: 'recall under a filter', ...of('filtered', 'recall'), atLeast: 0.98 },
  {
    ...{ name: 'searches with fewer than k rows under a filter', ...of('filtered', 'shortShare') },
    atMost: 0,
  },
  // Else the bounds above would hold whatever the index does: what is compared one by one is exact.
  ...(['everyone', 'user', 'session', 'metadata'] as const).map((by) => ({
    ...{ name: `searches through the index, ${by}`, ...of('filtered', 'throughIndexShare') },
    ...{ where: { by }, atLeast: 0.5, isKeptByOne: true },
  })),
  { name: 'recall while others write', ...of('mixed', 'recall'), atLeast: 0.9 },
  {
    ...{ name: 'a hundred questions in one call against one by one', ...of('batch', 'timesOneByOne') },
    atMost: 1.5,
  },
  {
    ...{ name: 'search against the same statement by hand', ...of('overhead', 'p50Ms') },
    ...{ against: 'pg', where: { call: 'search, high' }, atMost: 2 },
  },
  {
    ...{
      name: 'client work of a search against the same statement by hand',
      ...of('overhead', 'clientCpuMs'),
    },
    ...{ against: 'pg', where: { call: 'search, high' }, atMost: 3.5 },
  },
  {
    ...{ name: 'add against the same statement by hand', ...of('overhead', 'p50Ms') },
    ...{ against: 'pg', where: { call: 'add' }, atMost: 2.5 },
  },
]
