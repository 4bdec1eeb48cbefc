import { describe, expect, it } from 'vitest'
import { judgeClock } from '../src/doctor/check-clock.js'
import { judgeMigrations } from '../src/doctor/check-migrations.js'
import { judgeReplication } from '../src/doctor/check-replication.js'
import { judgeRights } from '../src/doctor/check-rights.js'
import { judgeServer } from '../src/doctor/check-server.js'
import { judgeSettings } from '../src/doctor/check-settings.js'
import { judgeTables } from '../src/doctor/check-tables.js'
import { judgeTenancy } from '../src/doctor/check-tenancy.js'
import { expectedIndexes } from '../src/doctor/expected-indexes.js'
import { duration, quoted, shellWord, size } from '../src/doctor/finding.js'
import { pgvectorFaults } from '../src/health/known-faults.js'

const ids = (findings: readonly { id: string }[]) => findings.map(({ id }) => id)
const GB = 1 << 30

it.each([
  ['0.8.0', ['leak', 'vacuum']],
  ['0.8.2', ['vacuum']],
  ['0.8.3', ['vacuum']],
  ['0.8.4', []],
  ['0.8.7', []],
  ['0.10.0', []],
])('pgvector %s is known for %j', (version, faults) => {
  expect(ids(pgvectorFaults(version))).toEqual(faults)
})

it.each([
  [130_012, '2026-01-01', 'server.too-old', 'error'],
  [140_010, '2026-11-01', 'server', 'ok'],
  [140_010, '2027-01-01', 'server.unsupported', 'warning'],
  [180_001, '2027-01-01', 'server', 'ok'],
  [990_001, '2099-01-01', 'server', 'ok'],
])('server version %i at %s is %s', (version, at, id, severity) => {
  expect(judgeServer(version, String(version), new Date(at))).toMatchObject({ id, severity })
})

describe('migrations', () => {
  const ships = [
    { name: 'a', checksum: '1' },
    { name: 'b', checksum: '2' },
  ]
  const row = (name: string, checksum: string, more = {}) => ({
    name,
    checksum,
    finished: true,
    rolledBack: false,
    ...more,
  })

  it('are named when pending, failed, changed or newer', () => {
    expect(ids(judgeMigrations(ships, [row('a', '1'), row('b', '2')]))).toEqual(['migrations'])
    expect(ids(judgeMigrations(ships, [row('a', '1')]))).toEqual(['migrations.pending'])
    expect(ids(judgeMigrations(ships, [row('a', '1'), row('b', '2', { rolledBack: true })]))).toEqual([
      'migrations.pending',
    ])
    const failed = judgeMigrations(ships, [row('a', '9'), row('b', '2', { finished: false })])
    expect(ids(failed)).toEqual(['migrations.failed', 'migrations.changed'])
    expect(failed[0]?.fix?.command).toBe('npx prisma migrate resolve --rolled-back b')
    const newer = judgeMigrations(ships, [row('a', '1'), row('b', '2'), row('c', '3')])
    expect(newer.map(({ id, severity }) => [id, severity])).toEqual([
      ['migrations', 'ok'],
      ['migrations.newer', 'info'],
    ])
  })
})

describe('settings', () => {
  const good = {
    maintenanceWorkMem: GB,
    sharedBuffers: GB,
    workMem: GB / 128,
    parallelMaintenanceWorkers: 2,
    randomPageCost: 1.1,
    jit: true,
    jitAboveCost: 100_000,
    autovacuum: true,
    indexScan: true,
  }
  const load = { largestIndex: GB / 2, allIndexes: GB / 2, searchCost: 5_000, mustBuildAlone: false }

  it('that suit what is held have nothing said of them', () => {
    expect(judgeSettings(good, load)).toEqual([])
  })

  it('leave builds to one process where this pgvector asks for it', () => {
    const alone = { ...good, parallelMaintenanceWorkers: 0 }
    expect(judgeSettings(alone, { ...load, mustBuildAlone: true })).toEqual([])
  })

  it.each([
    ['maintenance_work_mem', { maintenanceWorkMem: GB / 16 }, /maintenance_work_mem = '1GB'/],
    ['shared_buffers', { sharedBuffers: GB / 8 }, /shared_buffers = '1GB'/],
    ['max_parallel_maintenance_workers', { parallelMaintenanceWorkers: 0 }, /= '2'/],
    ['random_page_cost', { randomPageCost: 4 }, /random_page_cost = '1.1'/],
    ['jit', { jitAboveCost: 1000 }, /jit = 'off'/],
    ['work_mem', { workMem: 64 * 1024 }, /work_mem = '8MB'/],
    ['autovacuum', { autovacuum: false }, /autovacuum = 'on'/],
    ['enable_indexscan', { indexScan: false }, /reset enable_indexscan/],
  ])('that do not are named with the statement that mends them: %s', (name, bad, mend) => {
    const findings = judgeSettings({ ...good, ...bad }, load)
    expect(ids(findings)).toEqual([`settings.${name}`])
    expect(findings[0]?.fix?.sql).toMatch(mend)
  })
})

it('dead rows and tables that were never analyzed are named', () => {
  const table = { table: 'memories', live: 10_000, dead: 100, analyzedRows: 9000, bytes: 1 }
  expect(judgeTables([table])).toEqual([])
  expect(ids(judgeTables([{ ...table, dead: 9000 }]))).toEqual(['tables.dead'])
  expect(ids(judgeTables([{ ...table, live: 10, dead: 900 }]))).toEqual([])
  expect(judgeTables([{ ...table, analyzedRows: -1 }])[0]?.fix?.sql).toBe('analyze memories;')
})

it('replicas that are behind, and slots that nobody reads, are named', () => {
  const primary = { inRecovery: false, lagMs: null }
  const replica = { name: 'r', state: 'streaming', lagMs: 5, lagBytes: 0 }
  expect(judgeReplication(primary, [], [])).toMatchObject([{ id: 'replication', severity: 'ok' }])
  expect(judgeReplication(primary, [replica], [])).toMatchObject([{ severity: 'ok' }])
  expect(ids(judgeReplication(primary, [{ ...replica, lagMs: 60_000 }], []))).toEqual(['replication.lag'])
  expect(ids(judgeReplication(primary, [{ ...replica, lagBytes: GB }], []))).toEqual(['replication.lag'])
  const [slot] = judgeReplication(primary, [], [{ name: "it's", retainedBytes: 2 * GB }])
  expect(slot).toMatchObject({
    id: 'replication.slot',
    fix: { sql: "select pg_drop_replication_slot('it''s');" },
  })
  expect(ids(judgeReplication({ inRecovery: true, lagMs: 20_000 }, [], []))).toEqual([
    'replication.replica',
    'replication.lag',
  ])
})

it('clocks may differ by a second and the uncertainty of asking', () => {
  expect(judgeClock(900, 0).severity).toBe('ok')
  expect(judgeClock(-1500, 600).severity).toBe('ok')
  expect(judgeClock(-1500, 100)).toMatchObject({ id: 'clock.skew', severity: 'warning' })
  expect(judgeClock(7200_000, 1).title).toContain('ahead')
})

it('rights that are missing are granted by the fix, and too many are named', () => {
  const rights = { role: 'App One', superuser: false, schema: 'public', canCreate: true, readOnly: false }
  const table = { table: 'memories', missing: [], owned: true }
  expect(judgeRights(rights, [table])).toMatchObject([{ severity: 'ok' }])
  const findings = judgeRights({ ...rights, canCreate: false, readOnly: true }, [
    { table: 'memories', missing: ['insert', 'delete'], owned: false },
  ])
  expect(ids(findings)).toEqual(['rights.read-only', 'rights.create', 'rights.tables', 'rights.owner'])
  expect(findings[2]?.fix?.sql).toBe('grant insert, delete on memories to "App One";')
  expect(ids(judgeRights({ ...rights, superuser: true }, [table]))).toEqual(['rights.superuser'])
})

it('row-level security that is on for some tables only is an error, and one that is passed by is named', () => {
  const on = { rowLevelSecurity: 'on', role: 'app', unprotected: [], bypassed: false } as const
  expect(judgeTenancy({ ...on, rowLevelSecurity: 'off' }, 'server').severity).toBe('ok')
  expect(judgeTenancy(on, 'server').severity).toBe('ok')
  expect(judgeTenancy({ ...on, bypassed: true }, 'server').id).toBe('tenancy.bypassed')
  expect(judgeTenancy({ ...on, bypassed: true }, 'embedded').severity).toBe('ok')
  expect(
    judgeTenancy({ ...on, rowLevelSecurity: 'partly', unprotected: ['sessions'] }, 'server'),
  ).toMatchObject({
    id: 'tenancy.partial',
    detail: expect.stringContaining('sessions'),
    fix: { sql: "select funes_tenancy_enable('app');" },
  })
})

it('indexes are expected after what migrations say, in their order', () => {
  const indexes = expectedIndexes([
    `CREATE UNIQUE INDEX "a" ON "t"("x"); -- create index b on t (x);
     create index c on t (y) where y > 0;
     do $$ begin create index d on t (z); end $$;`,
    'drop index "a"; create index concurrently if not exists e on only u (x); alter index e rename to f;',
    'create index g on gone (x); drop table gone;',
  ])
  expect([...indexes]).toEqual([
    ['c', 'create index c on t (y) where y > 0'],
    ['f', 'create index concurrently if not exists e on only u (x)'],
  ])
})

it('sizes, times and names are written as people and machines read them', () => {
  expect([size(12), size(64 * 1024), size(1.5 * GB)]).toEqual(['12 bytes', '64 kB', '1.5 GB'])
  expect([duration(850), duration(90_000), duration(600_000), duration(10_800_000)]).toEqual([
    '850 ms',
    '90 s',
    '10 min',
    '3 h',
  ])
  expect([quoted('plain'), quoted('Two "Words"')]).toEqual(['plain', '"Two ""Words"""'])
  expect([shellWord('my-model'), shellWord("it's; rm")]).toEqual(['my-model', "'it'\\''s; rm'"])
})
