import type { BenchConfig } from './result.js'

export const PROFILES = ['smoke', 'standard', 'full', 'published'] as const
export type Profile = (typeof PROFILES)[number]
export type Sizes = Omit<BenchConfig, 'profile' | 'drivers' | 'scenarios' | 'data'>

const SERVER: Sizes = {
  seed: 1,
  dimensions: 384,
  k: 10,
  rows: 100_000,
  users: 1_000,
  queries: 200,
  rounds: 5,
  scalingRows: [1_000, 10_000, 100_000],
  clients: [1, 2, 4, 8, 16, 32, 64],
  seconds: 2,
  arrivalRates: [50, 100, 200, 400, 800, 1600],
  inserts: 100,
  bulkRows: 100_000,
  bulkRounds: 3,
  touched: 10_000,
  recallFloor: 0.95,
}

/** Half of the rows are more than Funes compares one by one: so the widest filters go through the index, as they do in use. */
const SERVER_SMOKE: Sizes = {
  ...SERVER,
  dimensions: 64,
  rows: 16_000,
  users: 200,
  queries: 40,
  rounds: 2,
  scalingRows: [1_000, 16_000],
  clients: [1, 16],
  seconds: 0.5,
  arrivalRates: [50, 200],
  inserts: 50,
  bulkRows: 2_000,
  bulkRounds: 1,
  touched: 1_000,
}

/** What is published: all of it in half an hour on two cores. */
const SERVER_PUBLISHED: Sizes = {
  ...SERVER,
  queries: 100,
  rounds: 3,
  clients: [1, 4, 16, 64],
  seconds: 1.5,
  arrivalRates: [100, 400, 1600],
  bulkRounds: 1,
  // Without an index, as its documentation has it, 100,000 rows would take minutes a round.
  rowsAtMost: { 'prisma-naive': 10_000 },
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
  dimensions: 32,
  rows: 6_400,
  scalingRows: [500, 6_400],
  clients: [1, 4],
  seconds: 0.3,
  inserts: 30,
  bulkRows: 500,
  touched: 500,
}

const EMBEDDED_PUBLISHED: Sizes = {
  ...EMBEDDED,
  queries: 80,
  clients: [1, 4],
  arrivalRates: [100],
  inserts: 60,
  bulkRounds: 1,
}

/** The sizes of a profile on an engine. WebAssembly gets a tenth: it is one process with one core. */
export function sizesOf(profile: Profile, engine: 'server' | 'embedded'): Sizes {
  const isServer = engine === 'server'
  switch (profile) {
    case 'smoke':
      return isServer ? SERVER_SMOKE : EMBEDDED_SMOKE
    case 'published':
      return isServer ? SERVER_PUBLISHED : EMBEDDED_PUBLISHED
    case 'standard':
      return isServer ? SERVER : EMBEDDED
    case 'full':
      return isServer ? { ...SERVER, rounds: 7, scalingRows: [...SERVER.scalingRows, 1_000_000] } : EMBEDDED
  }
}
