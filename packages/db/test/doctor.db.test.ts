import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { createFunes, type DoctorFinding, type Funes } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const next = random(9)
const DIMENSIONS = 4

const examine = async (funes: Funes) => (await funes.doctor()).findings
const about = (findings: readonly DoctorFinding[], id: string) => findings.filter((one) => one.id === id)
const grave = (findings: readonly DoctorFinding[]) => findings.filter(({ severity }) => severity === 'error')

onEveryEngine('doctor', (db) => {
  let funes: Funes

  beforeAll(async () => {
    funes = await db().open({ model: 'm' })
    await funes.models.register({ name: 'm', dimensions: DIMENSIONS, buildIndex: false })
  })

  /** What it finds while the database is in a state that it should not be in. */
  async function whileBroken(broken: string, mended: string): Promise<DoctorFinding[]> {
    await db().pool.query(broken)
    try {
      return [...(await examine(funes))]
    } finally {
      await db().pool.query(mended)
    }
  }

  it('finds nothing gravely wrong with a database that was just migrated, and says what it looked at', async () => {
    await funes.indexes.build('m')
    const report = await funes.doctor()
    expect(grave(report.findings)).toEqual([])
    expect(report).toMatchObject({ ok: true, engine: db().engine })
    const looked = new Set(report.findings.map(({ id }) => id.split('.')[0]))
    for (const id of [
      'connection',
      'pool',
      'server',
      'extension',
      'pgvector',
      'migrations',
      'schema',
      'indexes',
      'vector-index',
      'settings',
      'tables',
      'usage',
      'transactions',
      'connections',
      'replication',
      'clock',
      'rights',
    ]) {
      expect(looked).toContain(id)
    }
    for (const { severity, fix } of report.findings) {
      if (severity === 'warning' || severity === 'error') expect(Object.keys(fix ?? {})).not.toEqual([])
    }
    expect(JSON.parse(JSON.stringify(report)).findings).toEqual(report.findings)
  })

  it('names the index that slow searches lack, until it is built', async () => {
    await funes.indexes.drop('m')
    const few = about(await examine(funes), 'vector-index.missing')
    const harmless = { severity: 'warning', detail: expect.stringContaining('nothing is slow yet') }
    expect(few).toMatchObject([
      { ...harmless, title: 'The vector index of the model "m" is missing' },
      { ...harmless, title: 'The vector index of the tools of the model "m" is missing' },
    ])
    await funes.memories.load(
      Array.from({ length: db().engine === 'server' ? 4100 : 2600 }, (_, i) => ({
        userId: `u${i % 20}`,
        content: `m${i}`,
        embedding: randomVector(next, DIMENSIONS),
      })),
    )
    await db().pool.query('analyze memory_embeddings')
    const [missing] = about(await examine(funes), 'vector-index.missing')
    expect(missing).toMatchObject({ severity: 'error', fix: { command: 'funes reindex m' } })
    expect((await funes.doctor()).ok).toBe(false)
    await funes.indexes.build('m')
    const mended = about(await examine(funes), 'vector-index').map(({ title }) => title)
    expect(mended).toContainEqual(expect.stringMatching(/"m" is valid, and used, for all and for one user/))
  })

  it('names the search of one user that reads the vectors of everybody, under row-level security too', async () => {
    const role = `funes_doctor_${randomUUID().replaceAll('-', '').slice(0, 16)}`
    const wrong = async () =>
      (await examine(funes)).filter(({ id }) => id.startsWith('vector-index.')).map(({ id }) => id)
    await funes.tenancy.enable({ role })
    // To the planner and to doctor there are as many rows as the catalogue says.
    await db().pool.query(`update pg_class set reltuples = 1e6 where oid = 'memory_embeddings'::regclass`)
    try {
      expect(await wrong()).toEqual([])
      await db().pool.query('alter table memory_embeddings drop constraint memory_embeddings_pkey')
      expect(await wrong()).toEqual(['vector-index.reads-all', 'vector-index.reads-all-under-rls'])
      const [lost] = about(await examine(funes), 'schema.constraints')
      await db().pool.query(lost?.fix?.sql as string)
      expect(await wrong()).toEqual([])
    } finally {
      await funes.tenancy.disable()
      await db().pool.query('analyze memory_embeddings')
      await db().pool.query(`drop owned by ${role}; drop role ${role}`)
    }
  })

  it('names ordinary indexes that are missing or invalid, and its fixes mend them', async () => {
    await db().pool.query('drop index memories_metadata_idx')
    const [missing] = about(await examine(funes), 'indexes.missing')
    expect(missing?.title).toContain('memories_metadata_idx')
    await db().pool.query(missing?.fix?.sql as string)
    expect(about(await examine(funes), 'indexes.missing')).toEqual([])

    await db().pool.query(
      `update pg_index set indisvalid = false where indexrelid = 'memories_search_idx'::regclass`,
    )
    const [invalid] = about(await examine(funes), 'indexes.invalid')
    expect(invalid?.title).toContain('memories_search_idx')
    await db().pool.query(invalid?.fix?.sql as string)
    expect(about(await examine(funes), 'indexes.invalid')).toEqual([])
  })

  it('names tables and columns that are not as this release expects', async () => {
    const column = await whileBroken(
      'alter table tools rename column enabled to other',
      'alter table tools rename column other to enabled',
    )
    expect(about(column, 'schema.columns')).toMatchObject([
      { severity: 'error', title: 'The column tools.enabled is missing' },
    ])
    const table = await whileBroken(
      'alter table memory_access rename to other',
      'alter table other rename to memory_access',
    )
    expect(about(table, 'schema.tables')).toMatchObject([{ title: 'The table memory_access is missing' }])
  })

  it('names migrations that are pending, failed or changed', async () => {
    const { rows } = await db().pool.query(
      'select migration_name as name, checksum from _prisma_migrations order by 1 desc limit 1',
    )
    const { name, checksum } = rows[0]
    const where = `where migration_name = '${name}'`
    const update = (set: string) => `update _prisma_migrations set ${set} ${where}`
    const pending = await whileBroken(update('rolled_back_at = now()'), update('rolled_back_at = null'))
    expect(about(pending, 'migrations.pending')).toMatchObject([
      { detail: name, fix: { command: 'funes migrate' } },
    ])
    const failed = await whileBroken(update('finished_at = null'), update('finished_at = now()'))
    expect(about(failed, 'migrations.failed')[0]?.fix?.command).toContain(name)
    const changed = await whileBroken(update(`checksum = 'x'`), update(`checksum = '${checksum}'`))
    expect(about(changed, 'migrations.changed')[0]?.title).toContain(name)
  })

  it('makes a finding of a check that fails itself, and goes on', async () => {
    const findings = await whileBroken(
      'alter table embedding_models rename column metric to other',
      'alter table embedding_models rename column other to metric',
    )
    expect(about(findings, 'vector-index.unknown')).toMatchObject([
      { severity: 'warning', detail: expect.stringContaining('DB.NOT_MIGRATED') },
    ])
    expect(findings.at(-1)?.id).toMatch(/^(rights|tenancy)/)
  })

  it('says what it could not look at before there are tables', async () => {
    const findings = await whileBroken(
      `alter table memories rename to other`,
      `alter table other rename to memories`,
    )
    expect(about(findings, 'doctor.skipped')[0]?.detail).toContain('Vector indexes')
  })

  it('refuses to look from inside of a transaction', async () => {
    await expect(funes.transaction(() => funes.doctor())).rejects.toMatchObject({
      code: 'TRANSACTION.NOT_ALLOWED',
    })
  })
})

describe('doctor without a database', () => {
  it('says why there is none, and no password', async () => {
    const funes = await createFunes({ url: 'postgresql://u:hidden@127.0.0.1:1/x' })
    const report = await funes.doctor()
    expect(report).toMatchObject({ ok: false, severity: 'error' })
    expect(report.findings.map(({ id }) => id)).toEqual(['connection.failed', 'pool', 'doctor.skipped'])
    expect(report.findings[0]?.detail).toContain('DB.UNREACHABLE')
    expect(JSON.stringify(report)).not.toContain('hidden')
    await funes.close()
  })
})
