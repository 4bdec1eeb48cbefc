import type { BenchConfig, Environment, Report } from '../result.js'

/** What decides the work: two runs that differ here measured different things. */
const SAME_WORK = [
  'dimensions',
  'seed',
  'k',
  'rows',
  'users',
  'data',
] as const satisfies readonly (keyof BenchConfig)[]

/** What figures depend on without being another task. */
const SAME_RUN = [
  ...(['queries', 'rounds', 'seconds', 'inserts', 'bulkRows', 'touched', 'recallFloor'] as const),
] satisfies readonly (keyof BenchConfig)[]

const SAME_MACHINE = [
  ...(['cpu', 'cores', 'memoryGb', 'os', 'node', 'postgres', 'pgvector'] as const),
] satisfies readonly (keyof Environment)[]

const told = (name: string, before: unknown, after: unknown) =>
  before === after ? [] : [`${name}: ${before ?? 'unknown'} and ${after ?? 'unknown'}`]

function entriesThatDiffer(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => told(name, before[name], after[name]))
}

/** Why two runs say nothing about each other. */
export function obstacles(before: Report, after: Report): string[] {
  return [
    ...told('engine', before.environment.engine, after.environment.engine),
    ...SAME_WORK.flatMap((key) => told(key, before.config[key], after.config[key])),
  ]
}

/** What else than the code may have changed the figures: the machine, versions, settings, and how long was measured. */
export function differences(before: Report, after: Report): string[] {
  const [a, b] = [before.environment, after.environment]
  return [
    ...SAME_MACHINE.flatMap((key) => told(key, a[key], b[key])),
    ...entriesThatDiffer(a.packages, b.packages),
    ...entriesThatDiffer(a.settings, b.settings),
    ...SAME_RUN.flatMap((key) => told(key, before.config[key], after.config[key])),
  ]
}
