import { sizesOf } from '../src/profile.js'
import type { Point, Report, Result, Spread } from '../src/result.js'

export function makeResult(
  scenario: string,
  driver: string,
  point: Point,
  figures: Record<string, Spread>,
): Result {
  return { scenario, driver, point, figures }
}

/** A report of these results, as a run on a server would write it. */
export function makeReport(results: readonly Result[], drivers: readonly string[] = ['funes', 'pg']): Report {
  return {
    format: 1,
    environment: {
      ...{ date: '2026-01-01T00:00:00.000Z', commit: null, engine: 'server', cpu: 'a <fast> one', cores: 2 },
      ...{ memoryGb: 8, os: 'Linux', node: 'v20.19.0', postgres: 'PostgreSQL 16.1', pgvector: '0.8.1' },
      ...{ settings: {}, packages: {}, loadAverage: 0 },
    },
    config: { profile: 'smoke', ...sizesOf('smoke', 'server'), drivers, scenarios: ['search'], data: 'd' },
    results,
    skipped: [],
  }
}
