import type { BenchConfig } from './result.js'

export const PROFILES = ['smoke', 'standard', 'full'] as const
export type Profile = (typeof PROFILES)[number]
export type Sizes = Omit<BenchConfig, 'profile' | 'drivers' | 'scenarios'>

const SERVER: Sizes = {
  seed: 1,
  dimensions: 384,
  k: 10,
  rows: 100_000,
  queries: 200,
  rounds: 5,
  scalingRows: [1_000, 10_000, 100_000],
  clients: [1, 2, 4, 8, 16, 32, 64],
  seconds: 2,
  arrivalRates: [50, 100, 200, 400, 800, 1600],
  inserts: 100,
  bulkRows: 100_000,
  touched: 10_000,
  recallFloor: 0.95,
}

const SERVER_SMOKE: Sizes = {
  ...SERVER,
  dimensions: 128,
  rows: 6_000,
  queries: 40,
  rounds: 2,
  scalingRows: [1_000, 6_000],
  clients: [1, 16],
  seconds: 0.5,
  arrivalRates: [50, 200],
  inserts: 50,
  bulkRows: 2_000,
  touched: 1_000,
}

const EMBEDDED: Sizes = {
  ...SERVER,
  rows: 10_000,
  queries: 100,
  rounds: 3,
  scalingRows: [1_000, 10_000],
  clients: [1, 4, 16],
  arrivalRates: [50, 100, 200],
  bulkRows: 2_000,
  touched: 1_000,
}

const EMBEDDED_SMOKE: Sizes = {
  ...SERVER_SMOKE,
  dimensions: 64,
  rows: 1_000,
  rounds: 2,
  scalingRows: [500, 1_000],
  clients: [1, 4],
  seconds: 0.3,
  inserts: 30,
  bulkRows: 500,
  touched: 500,
}

/** The sizes of a profile on an engine. WebAssembly gets a tenth: it is one process with one core. */
export function sizesOf(profile: Profile, engine: 'server' | 'embedded'): Sizes {
  if (profile === 'smoke') return engine === 'server' ? SERVER_SMOKE : EMBEDDED_SMOKE
  const standard = engine === 'server' ? SERVER : EMBEDDED
  if (profile === 'standard' || engine === 'embedded') return standard
  return { ...standard, rounds: 7, scalingRows: [...standard.scalingRows, 1_000_000] }
}
