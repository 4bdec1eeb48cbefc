import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type DoctorReport, type Funes, type FunesOptions } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'
import { random, randomVector } from './vectors.js'
import { poolWithoutPgvector } from './without-pgvector.js'

const about = ({ findings }: DoctorReport, id: string) => findings.filter((one) => one.id === id)

it('doctor names a server that does not have pgvector', async () => {
  const pool = await poolWithoutPgvector()
  const funes = await createFunes({ pool })
  const report = await funes.doctor()
  expect(report.ok).toBe(false)
  expect(about(report, 'extension.unavailable')).toMatchObject([
    {
      severity: 'error',
      fix: { sql: 'create extension vector;', command: expect.stringContaining('apt-get install') },
    },
  ])
  await expect(funes.migrate()).rejects.toMatchObject({ code: 'DB.EXTENSION_MISSING' })
  await funes.close()
  await pool.end()
})

describeOnServer('doctor on a server', () => {
  let url: string
  let drop: () => Promise<unknown>
  let funes: Funes
  const role = `funes_limited_${process.pid}`

  beforeAll(async () => {
    ;({ url, drop } = await emptyServerDatabase())
    funes = await createFunes({ url })
    await funes.prisma.$executeRawUnsafe(`create role ${role} login password 'x'`)
  })
  afterAll(async () => {
    await funes.close()
    await drop()
    const admin = new pg.Client({ connectionString: process.env.FUNES_TEST_DATABASE_URL as string })
    await admin.connect()
    await admin.query(`drop role ${role}`)
    await admin.end()
  })

  /** The report of another Funes on the same database. */
  async function reportOf(options: FunesOptions): Promise<DoctorReport> {
    const other = await createFunes(options)
    const report = await other.doctor()
    await other.close()
    return report
  }

  const asLimited = () => {
    const limited = new URL(url)
    limited.username = role
    limited.password = 'x'
    return reportOf({ url: limited.toString() })
  }

  it('names the extension that is missing, who may create it, and its fix mends it', async () => {
    const [refused] = about(await asLimited(), 'extension.missing')
    expect(refused).toMatchObject({
      severity: 'error',
      detail: expect.stringContaining(`the role ${role} may not`),
    })
    const before = await funes.doctor()
    expect(about(before, 'doctor.skipped')[0]?.detail).toContain('Vector indexes')
    const [missing] = about(before, 'extension.missing')
    expect(missing?.fix).toEqual({ command: 'funes migrate', sql: 'create extension vector;' })
    await funes.prisma.$executeRawUnsafe(missing?.fix?.sql as string)
    expect(about(await funes.doctor(), 'extension.missing')).toEqual([])
    await funes.migrate()
    expect((await funes.doctor()).ok).toBe(true)
  })

  it('names a pool that is exhausted and who holds it, over a connection beside it', async () => {
    const small = await createFunes({ url, limits: { maxConnections: 2 } })
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const started: Promise<void>[] = []
    const holding = [1, 2].map(() => {
      let begun: () => void = () => {}
      started.push(
        new Promise((resolve) => {
          begun = resolve
        }),
      )
      return small.transaction(async (tx) => {
        await tx.prisma.$queryRaw`select 1`
        begun()
        await held
      })
    })
    await Promise.all(started)
    const waiting = small.memories.count({ scope: 'all-users' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = performance.now()
    const report = await small.doctor()
    expect(performance.now() - before).toBeLessThan(5000)
    expect(report.ok).toBe(false)
    const [exhausted] = about(report, 'pool.exhausted')
    expect(exhausted?.severity).toBe('error')
    expect(exhausted?.detail).toMatch(/2 of 2 connections.* calls waiting: 1\./)
    expect(exhausted?.detail).toMatch(/pid \d+ idle in transaction/)
    expect(exhausted?.fix?.text).toContain('limits.maxConnections')
    expect(about(report, 'vector-index')).toHaveLength(1)
    release()
    await Promise.all([...holding, waiting])
    expect(about(await small.doctor(), 'pool')).toMatchObject([{ severity: 'ok' }])
    await small.close()
  })

  it('names settings that do not suit what the database holds', async () => {
    const open = await createFunes({ url, model: 'm' })
    await open.models.register({ name: 'm', dimensions: 32, buildIndex: false })
    const next = random(4)
    await open.memories.load(
      Array.from({ length: 4100 }, (_, i) => ({
        userId: 'u',
        content: `m${i}`,
        embedding: randomVector(next, 32),
      })),
    )
    await open.indexes.build('m')
    await open.prisma.$executeRawUnsafe('analyze')
    await open.close()
    const name = new URL(url).pathname.slice(1)
    for (const setting of [
      `maintenance_work_mem = '1MB'`,
      `work_mem = '64kB'`,
      'enable_indexscan = off',
      'random_page_cost = 4',
      'jit = on',
      'jit_above_cost = 1',
      'max_parallel_maintenance_workers = 0',
    ]) {
      await funes.prisma.$executeRawUnsafe(`alter database ${name} set ${setting}`)
    }
    const report = await reportOf({ url, model: 'm' })
    const found = report.findings.map(({ id }) => id)
    for (const setting of [
      'maintenance_work_mem',
      'work_mem',
      'enable_indexscan',
      'random_page_cost',
      'jit',
    ]) {
      expect(found).toContain(`settings.${setting}`)
    }
    // What was set on the database is undone there, and the index is not to blame.
    const [off] = about(report, 'settings.enable_indexscan')
    expect(about(report, 'vector-index.unused')).toMatchObject([
      { severity: 'error', detail: expect.stringContaining('enable_indexscan is off'), fix: off?.fix },
    ])
    expect(off?.fix?.sql).toBe(`alter database ${name} reset enable_indexscan;`)
    expect(about(report, 'settings.work_mem')[0]?.fix?.sql).toBe(
      `alter database ${name} set work_mem = '8MB';`,
    )
    await funes.prisma.$executeRawUnsafe(off?.fix?.sql as string)
    const mended = (await reportOf({ url, model: 'm' })).findings.map(({ id }) => id)
    expect(mended).not.toContain('settings.enable_indexscan')
    expect(mended).not.toContain('vector-index.unused')
    const pgvector = report.findings.find(({ id }) => id === 'pgvector.leak')
    if (pgvector) expect(pgvector.severity).toBe('info')
    expect(found.includes('settings.max_parallel_maintenance_workers')).toBe(pgvector === undefined)
    await funes.prisma.$executeRawUnsafe(`alter database ${name} reset all`)
  })

  it('names dead rows, and its fix removes them', async () => {
    const sql = (text: string) => funes.prisma.$executeRawUnsafe(text)
    await sql('alter table users set (autovacuum_enabled = off)')
    await sql(`insert into users (id) select 'dead' || i from generate_series(1, 5000) i`)
    await sql(`delete from users where id like 'dead%'`)
    let dead = about(await funes.doctor(), 'tables.dead')
    for (let tries = 0; dead.length === 0 && tries < 40; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      dead = about(await funes.doctor(), 'tables.dead')
    }
    expect(dead[0]?.title).toMatch(/% of users are dead rows/)
    await sql(dead[0]?.fix?.sql as string)
    expect(about(await funes.doctor(), 'tables.dead')).toEqual([])
    await sql('alter table users reset (autovacuum_enabled)')
  })

  it('names the rights that a role lacks, and its fixes grant them', async () => {
    const before = await asLimited()
    expect(about(before, 'rights.tables')).toMatchObject([{ severity: 'error' }])
    expect(about(before, 'rights.owner')).toHaveLength(1)
    for (const id of ['rights.tables', 'rights.create']) {
      const sql = about(before, id)[0]?.fix?.sql
      for (const one of sql?.split(';') ?? []) if (one.trim()) await funes.prisma.$executeRawUnsafe(one)
    }
    const after = await asLimited()
    expect(about(after, 'rights.tables')).toEqual([])
    expect(about(after, 'rights.create')).toEqual([])
    expect(about(await funes.doctor(), 'rights.superuser')).toHaveLength(1)
    await funes.prisma.$executeRawUnsafe(`drop owned by ${role}`)
  })
})
