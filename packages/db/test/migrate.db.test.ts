import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createFunes, isFunesError } from '../src/index.js'
import { applyMigrations } from '../src/migrate/migrate.js'
import { describeOnServer, emptyDatabase, emptyServerDatabase, engines } from './engines.js'

const INDEX = 'memory_embeddings_hnsw_m1'

describe.each(engines)('migrate (%s)', (engine) => {
  it('applies every migration once, however many call it at once', async () => {
    const { pool, drop } = await emptyDatabase(engine)
    const instances = await Promise.all(Array.from({ length: 10 }, () => createFunes({ pool })))
    const results = await Promise.all(instances.map((funes) => funes.migrate()))
    const { rows } = await pool.query(
      'select migration_name, finished_at, applied_steps_count from _prisma_migrations',
    )
    expect(results.flatMap((r) => r.applied)).toHaveLength(rows.length)
    expect(new Set(rows.map((row) => row.migration_name)).size).toBe(rows.length)
    expect(rows.every((row) => row.finished_at !== null && row.applied_steps_count === 1)).toBe(true)
    const index = await pool.query('select 1 from pg_indexes where indexname = $1', [INDEX])
    expect(index.rows).toHaveLength(1)
    await drop()
  })

  it('refuses a database whose migrations are not the shipped ones', async () => {
    const { pool, drop } = await emptyDatabase(engine)
    const funes = await createFunes({ pool })
    expect((await funes.health()).findings).toMatchObject([{ code: 'DB.NOT_MIGRATED' }])
    await expect(funes.memories.count({ scope: 'all-users' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'DB.NOT_MIGRATED'),
    )
    await funes.migrate()
    expect((await funes.health()).ok).toBe(true)
    await pool.query("update _prisma_migrations set checksum = 'other' where migration_name like '%tables'")
    await expect(funes.migrate()).rejects.toSatisfy((e) => isFunesError(e, 'MIGRATION.CHANGED'))
    await pool.query("update _prisma_migrations set finished_at = null where migration_name like '%tables'")
    await expect(funes.migrate()).rejects.toSatisfy((e) => isFunesError(e, 'MIGRATION.UNFINISHED'))
    await drop()
  })
})

describeOnServer('migrate while another process is at it', () => {
  it('waits for so long, names who it is, and can be called off', async () => {
    const { pool, drop } = await emptyDatabase('server')
    const holder = await pool.connect()
    const [{ pid }] = (await holder.query('select pg_backend_pid() as pid')).rows
    await holder.query('begin; select pg_advisory_xact_lock(72707369)')
    const funes = await createFunes({ pool })
    await expect(funes.migrate({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'CALL.TIMEOUT' })
    const refused = await applyMigrations(pool, 100).catch((e: unknown) => e)
    expect(refused).toMatchObject({ code: 'DB.LOCK_TIMEOUT', meta: { pid } })
    expect((refused as Error).message).toContain(`${pid}`)
    await holder.query('rollback')
    holder.release()
    expect((await funes.migrate()).applied.length).toBeGreaterThan(10)
    await funes.close()
    await drop()
  })
})

describeOnServer('migrate as a role without rights', () => {
  it('works where the extension is there, and says what is missing where it is not', async () => {
    const { url, drop } = await emptyServerDatabase()
    const owner = new pg.Client({ connectionString: url })
    await owner.connect()
    const role = `r${randomUUID().replaceAll('-', '')}`
    await owner.query(`create role ${role} login password 'x'; grant create on schema public to ${role}`)
    const limited = new URL(url)
    limited.username = role
    limited.password = 'x'
    const funes = await createFunes({ url: limited.toString() })
    const refused = funes.migrate()
    await expect(refused).rejects.toSatisfy((e) => isFunesError(e, 'DB.EXTENSION_MISSING'))
    await expect(refused).rejects.toThrow(/may not create it/)
    await owner.query('create extension vector')
    expect((await funes.migrate()).applied).toHaveLength(14)
    await funes.close()
    await owner.query(`drop owned by ${role}; drop role ${role}`)
    await owner.end()
    await drop()
  })
})
