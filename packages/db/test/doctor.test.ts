import { describe, expect, it } from 'vitest'
import { judgeClock } from '../src/doctor/check-clock.js'
import { judgeMigrations } from '../src/doctor/check-migrations.js'
import { judgePooler } from '../src/doctor/check-pooler.js'
import { judgeReplication } from '../src/doctor/check-replication.js'
import { judgeRights } from '../src/doctor/check-rights.js'
import { judgeServer, judgeServerFaults } from '../src/doctor/check-server.js'
import { judgeSettings } from '../src/doctor/check-settings.js'
import { judgeTables } from '../src/doctor/check-tables.js'
import { judgeTenancy } from '../src/doctor/check-tenancy.js'
import { judgeUsage } from '../src/doctor/check-usage.js'
import { duration, quoted, shellWord, size } from '../src/doctor/finding.js'
import { changeSetting } from '../src/doctor/setting-place.js'
import { judgeUserSearch } from '../src/doctor/user-search.js'
import { pgvectorFaults } from '../src/health/known-faults.js'
import { serverFaults } from '../src/health/server-faults.js'

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

it.each([
  [140_003, ['concurrent-builds', 'row-security', 'statistics']],
  [140_004, ['row-security', 'statistics']],
  [140_019, []],
  [150_008, ['row-security', 'statistics']],
  [150_009, ['statistics']],
  [150_014, []],
  [160_009, ['statistics']],
  [170_000, ['row-security', 'statistics']],
  [170_006, []],
  [180_000, []],
])('server version %i is known for %j', (version, faults) => {
  expect(ids(serverFaults(version))).toEqual(faults)
})

it('faults of a server come with the release that mends them, and those of row-level security weigh little without it', () => {
  const [builds, rows] = judgeServerFaults(140_003, false)
  expect(builds).toMatchObject({
    id: 'server.concurrent-builds',
    severity: 'warning',
    detail: expect.stringContaining('PostgreSQL 14.3'),
    fix: {
      command: 'sudo apt-get install --only-upgrade postgresql-14',
      text: expect.stringContaining('14.4'),
      sql: expect.stringContaining('reindex (concurrently) database'),
    },
  })
  expect(rows?.severity).toBe('info')
  expect(judgeServerFaults(140_003, true).map(({ severity }) => severity)).toEqual([
    'warning',
    'warning',
    'warning',
  ])
})

it('another process than the one announced is a pooler in between, which may leave sessions their connections', () => {
  const direct = { announced: 7, actual: 7, staysWithUs: true }
  expect(judgePooler(direct).severity).toBe('ok')
  expect(judgePooler({ ...direct, announced: undefined }).severity).toBe('ok')
  expect(judgePooler({ ...direct, actual: 8 }).id).toBe('pooler.sessions')
  for (const staysWithUs of [false, undefined])
    expect(judgePooler({ ...direct, actual: 8, staysWithUs })).toMatchObject({
      id: 'pooler.between',
      severity: 'info',
    })
})

describe('the search of one user', () => {
  const search = { own: 9000, all: 90_000, compared: 6000, isConfined: false }
  const judge = (more: Partial<typeof search>, usesIndex: boolean, readsAll: boolean) =>
    judgeUserSearch({ ...search, ...more, plan: { usesIndex, readsAll } }, { name: 'm' }, 'i')?.id

  it('takes the index for many vectors, and the user’s own rows for few', () => {
    expect(judge({}, true, false)).toBeUndefined()
    expect(judge({}, false, false)).toBe('vector-index.unused-by-user')
    expect(judge({ isConfined: true }, false, false)).toBe('vector-index.unused-under-rls')
    expect(judge({ own: 10 }, false, false)).toBeUndefined()
    expect(judge({ own: 10 }, true, true)).toBe('vector-index.reads-all')
    expect(judge({ own: 10, isConfined: true }, true, true)).toBe('vector-index.reads-all-under-rls')
    expect(judge({ own: 5000, all: 6000 }, true, true)).toBeUndefined()
  })
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

it.each([
  ['configuration file', { sql: 'alter system reset enable_indexscan; select pg_reload_conf();' }],
  ['global', { sql: 'alter role all reset enable_indexscan;' }],
  ['database', { sql: 'alter database "My Db" reset enable_indexscan;' }],
  ['user', { sql: 'alter role app reset enable_indexscan;' }],
  ['database user', { sql: 'alter role app in database "My Db" reset enable_indexscan;' }],
  ['session', { text: expect.stringContaining('PGOPTIONS') }],
  ['command line', { text: expect.stringContaining('command line') }],
])('a setting is changed where it was made: %s', (source, fix) => {
  const places = new Map([['enable_indexscan', { source, role: 'app', database: 'My Db' }]])
  expect(changeSetting('enable_indexscan', null, places)).toMatchObject(fix)
})

it('dead rows and tables that were never analyzed are named', () => {
  const table = { table: 'memories', live: 10_000, dead: 100, analyzedRows: 9000, bytes: 1 }
  expect(judgeTables([table])).toEqual([])
  expect(ids(judgeTables([{ ...table, dead: 9000 }]))).toEqual(['tables.dead'])
  expect(ids(judgeTables([{ ...table, live: 10, dead: 900 }]))).toEqual([])
  expect(judgeTables([{ ...table, analyzedRows: -1 }])[0]?.fix?.sql).toBe('analyze memories;')
})

it('usages of tools that nobody adds up, or that have no week, are named', () => {
  expect(judgeUsage({ deltas: 20_000, strays: 10_000 })).toEqual([])
  expect(ids(judgeUsage({ deltas: 20_001, strays: 10_001 }))).toEqual(['usage.deltas', 'usage.strays'])
})

it('replicas that are behind, and slots that nobody reads, are named', () => {
  const primary = {
    ...{ inRecovery: false, lagMs: null, lastReplayedMs: null },
    ...{ isReceiving: false, hasArchive: false, isPaused: false },
  }
  const secondary = { ...primary, inRecovery: true, isReceiving: true, lastReplayedMs: 1000 }
  const replica = { name: 'r', state: 'streaming', lagMs: 5, lagBytes: 0 }
  expect(judgeReplication(primary, [], [])).toMatchObject([{ id: 'replication', severity: 'ok' }])
  expect(judgeReplication(primary, [replica], [])).toMatchObject([{ severity: 'ok' }])
  expect(ids(judgeReplication(primary, [{ ...replica, lagMs: 60_000 }], []))).toEqual(['replication.lag'])
  expect(ids(judgeReplication(primary, [{ ...replica, lagBytes: GB }], []))).toEqual(['replication.lag'])
  const idle = { name: "it's", retainedBytes: 2 * GB, isLost: false }
  const [slot] = judgeReplication(primary, [], [idle])
  expect(slot).toMatchObject({
    id: 'replication.slot',
    severity: 'warning',
    fix: { sql: "select pg_drop_replication_slot('it''s');" },
  })
  expect(judgeReplication(primary, [], [{ ...idle, retainedBytes: 5 }])).toMatchObject([{ severity: 'info' }])
  expect(ids(judgeReplication(primary, [], [{ ...idle, isLost: true }]))).toEqual(['replication.slot-lost'])
  expect(ids(judgeReplication({ ...secondary, lagMs: 20_000 }, [], []))).toEqual([
    'replication.replica',
    'replication.lag',
  ])
  expect(ids(judgeReplication(secondary, [], []))).toEqual(['replication.replica'])
  const dead = { ...secondary, isReceiving: false }
  expect(judgeReplication(dead, [], [])).toMatchObject([
    { id: 'replication.replica', detail: expect.not.stringContaining('has replayed all') },
    { id: 'replication.disconnected', severity: 'error' },
  ])
  expect(judgeReplication({ ...dead, hasArchive: true }, [], [])[1]?.severity).toBe('warning')
  expect(ids(judgeReplication({ ...secondary, isPaused: true }, [], []))).toContain('replication.paused')
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
  const on = {
    rowLevelSecurity: 'on',
    role: 'app',
    unprotected: [],
    bypassed: false,
    allUsers: 'on-demand',
  } as const
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
