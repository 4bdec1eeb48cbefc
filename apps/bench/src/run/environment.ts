import { cpus, loadavg, release, totalmem, type } from 'node:os'
import type pg from 'pg'
import type { Environment } from '../result.js'
import { commitOf, packageVersions } from './provenance.js'

const SETTINGS = [
  ...[
    'shared_buffers',
    'work_mem',
    'maintenance_work_mem',
    'max_parallel_maintenance_workers',
    'max_wal_size',
  ],
  ...['fsync', 'synchronous_commit', 'full_page_writes', 'jit', 'random_page_cost', 'effective_cache_size'],
]
/** What the settings take away from what is told of writes. */
export function durabilityWarnings({ settings }: Pick<Environment, 'settings'>): string[] {
  return ['fsync', 'synchronous_commit']
    .filter((name) => settings[name] === 'off')
    .map((name) => `WARNING: ${name} is off: a crash may lose what the writes measured here have stored`)
}

/** What a figure depends on: without it no two runs can be compared. */
export async function describeEnvironment(
  pool: pg.Pool,
  engine: Environment['engine'],
): Promise<Environment> {
  await pool.query('create extension if not exists vector')
  const facts = await pool.query<{ version: string; vector: string }>(
    `select version() as version, (select extversion from pg_extension where extname = 'vector') as vector`,
  )
  const settings = await pool.query<{ name: string; value: string }>(
    'select name, current_setting(name) as value from pg_settings where name = any($1::text[]) order by name',
    [SETTINGS],
  )
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    commit: commitOf(),
    engine,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.version,
    postgres: facts.rows[0]?.version.split(' on ')[0] ?? 'unknown',
    pgvector: facts.rows[0]?.vector ?? 'unknown',
    settings: Object.fromEntries(settings.rows.map(({ name, value }) => [name, value])),
    packages: packageVersions(),
    loadAverage: loadavg()[0] ?? 0,
  }
}
