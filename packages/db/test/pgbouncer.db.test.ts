import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFunes, isFunesError } from '../src/index.js'
import { emptyServerDatabase } from './engines.js'
import { type Bouncer, NO_BOUNCER, startBouncer } from './pgbouncer.js'
import { random, randomVector } from './vectors.js'

const next = random(9)
const memory = (userId: string, content = 'x') => ({ userId, content, embedding: randomVector(next) })

if (NO_BOUNCER !== undefined && process.env.FUNES_TEST_DATABASE_URL) {
  console.warn(`Nothing is tried behind a pooler: ${NO_BOUNCER}.`)
}

describe.skipIf(NO_BOUNCER !== undefined)(
  `behind PgBouncer in transaction mode${NO_BOUNCER ? `: ${NO_BOUNCER}` : ''}`,
  () => {
    let bouncer: Bouncer
    let url: string
    let drop: () => Promise<unknown>
    let server: pg.Client

    beforeAll(async () => {
      const database = await emptyServerDatabase()
      drop = database.drop
      url = database.url
      bouncer = await startBouncer(url, 'transaction')
      server = new pg.Client({ connectionString: database.url })
      await server.connect()
      const funes = await createFunes({ url: bouncer.url })
      await funes.migrate()
      await funes.close()
    })
    afterAll(async () => {
      bouncer?.stop()
      await server?.end()
      await drop?.()
    })

    for (const preparedStatements of [false, true]) {
      it(`works ${preparedStatements ? 'by giving up' : 'without'} prepared statements`, async () => {
        const funes = await createFunes({
          url: bouncer.url,
          preparedStatements,
          limits: { maxConnections: 8 },
        })
        const userId = `user-${preparedStatements}`
        const one = memory(userId, 'one')
        await funes.memories.add(one)
        const work = Array.from({ length: 60 }, async (_, i) => {
          if (i % 3 === 0) return funes.memories.add(memory(userId, `${i}`))
          if (i % 3 === 1) return funes.memories.search({ userId, embedding: one.embedding, k: 1 })
          return funes.transaction(async (tx) => {
            await tx.memories.add(memory(userId, `${i}`))
            await funes.sessions.start({ userId, id: `${i}` })
          })
        })
        await Promise.all(work)
        expect(await funes.memories.count({ userId })).toBe(41)
        const hits = await funes.memories.search({ userId, embedding: one.embedding, k: 1 })
        expect(hits[0]?.memory.content).toBe('one')
        expect(funes.pool).toMatchObject({ active: 0, waiting: 0, preparedStatements: false })
        await funes.close()
      })
    }

    it('leaves nothing of the SQL in a scope on a connection that others get', async () => {
      const owner = await createFunes({ url })
      const role = `funes_test_${randomUUID().replaceAll('-', '')}`
      await owner.tenancy.enable({ role })
      const funes = await createFunes({ url: bouncer.url, preparedStatements: false })
      try {
        for (let i = 0; i < 4; i++) {
          await funes.as({ userId: 'ada' }).transaction(async ({ prisma }) => {
            await prisma.$executeRawUnsafe("select set_config('funes.user_id', 'bob', false)")
            await prisma.$executeRawUnsafe('create temp table memories (id int)')
          })
        }
        const left = `
          select coalesce(current_setting('funes.user_id', true), '') as id, to_regclass('pg_temp.memories') is null as gone
          from pg_sleep(0.02)`
        const seen = await Promise.all(Array.from({ length: 6 }, () => funes.prisma.$queryRawUnsafe(left)))
        for (const rows of seen) expect(rows).toEqual([{ id: '', gone: true }])
      } finally {
        await funes.close()
        await owner.tenancy.disable()
        await owner.close()
        await server.query(`drop owned by ${role}; drop role ${role}`)
      }
    })

    it('bounds statements and transactions although no setting gets through', async () => {
      const limits = { statementTimeoutMs: 1500, lockTimeoutMs: 1000 }
      const funes = await createFunes({ url: bouncer.url, preparedStatements: false, limits })
      const { id } = await funes.memories.add(memory('bound'))
      await server.query('begin')
      await server.query('select 1 from memories where id = $1 for update', [id])
      const change = { userId: 'bound', id, importance: 0.1 }
      const startedAt = performance.now()
      await expect(funes.memories.update(change)).rejects.toSatisfy((e) => isFunesError(e, 'DB.TIMEOUT'))
      const inside = funes.transaction((tx) => tx.memories.update(change))
      await expect(inside).rejects.toSatisfy((e) => isFunesError(e, 'DB.LOCK_TIMEOUT'))
      await expect(funes.memories.update({ ...change, timeoutMs: 100 })).rejects.toSatisfy((e) =>
        isFunesError(e, 'CALL.TIMEOUT'),
      )
      expect(performance.now() - startedAt).toBeLessThan(15_000)
      await server.query('rollback')
      expect(await funes.memories.update(change)).toMatchObject({ version: 2 })
      // What one client set for itself must not be found by the next.
      const [setting] = await funes.prisma.$queryRaw<
        { limit: string }[]
      >`select current_setting('lock_timeout') as limit`
      expect(setting?.limit).toBe('0')
      await funes.close()
    })

    /** What is set, locked or listened to on the pooler's connections, which anybody may get next. */
    async function leftOvers() {
      const pool = new pg.Pool({ connectionString: bouncer.url, max: 2 })
      const clients = await Promise.all([pool.connect(), pool.connect()])
      const settings: unknown[] = []
      for (const client of clients) {
        await client.query('begin')
        const { rows } = await client.query(
          `select name, setting from pg_settings where source = 'session' and name ~ 'timeout|workers|scope|timezone'`,
        )
        settings.push(...rows, ...(await client.query('select * from pg_listening_channels()')).rows)
      }
      await Promise.all(clients.map((client) => client.query('rollback')))
      for (const client of clients) client.release()
      await pool.end()
      const { rows } = await server.query(
        `select * from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
      )
      return { settings, locks: rows }
    }

    it('exports, imports, purges, registers and re-embeds, and leaves nothing behind', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'funes-pooled-'))
      const funes = await createFunes({ url: bouncer.url, preparedStatements: false })
      await funes.memories.load(Array.from({ length: 30 }, (_, i) => memory('pooled', `${i}`)))
      const file = join(dir, 'all.funes')
      const { counts } = await funes.archive.export({ to: file })
      expect(counts.memories).toBeGreaterThanOrEqual(30)
      // A table that is not of Funes is looked through too.
      await server.query('create table elsewhere (user_id text)')
      const { removed } = await funes.purge({ userId: 'pooled' })
      expect(removed.memories).toBe(30)
      await funes.archive.import({ from: file, onConflict: 'skip' })
      expect(await funes.memories.count({ userId: 'pooled' })).toBe(30)
      await funes.models.register({ name: 'small', dimensions: 3, metric: 'l2' })
      const embed = async (texts: readonly string[]) => texts.map(() => [1, 2, 3])
      await expect(funes.models.reembed({ to: 'small', embed })).rejects.toMatchObject({ code: 'DB.POOLER' })
      expect(await leftOvers()).toEqual({ settings: [], locks: [] })
      await funes.close()
      rmSync(dir, { recursive: true })
    })

    it('refuses what needs a connection for itself before anything is done, and says what to do', async () => {
      const funes = await createFunes({ url: bouncer.url, preparedStatements: false })
      const userId = 'refused'
      await funes.memories.add(memory(userId))
      const refused = [
        () => funes.indexes.rebuild('default'),
        () => funes.indexes.drop('default'),
        () => funes.purge({ userId, vacuum: true }),
        () => funes.models.retire('small', { remove: true }),
      ]
      for (const work of refused) {
        const error = await work().catch((e: unknown) => e)
        expect(error).toMatchObject({ code: 'DB.POOLER', fix: expect.stringContaining('the server itself') })
      }
      expect(await funes.memories.count({ userId })).toBe(1)
      expect(await funes.indexes.check('default')).toMatchObject([{ valid: true }])
      expect(await leftOvers()).toEqual({ settings: [], locks: [] })
      await funes.close()
    })

    it('builds through one that leaves a session its connection', async () => {
      const pooler = await startBouncer(url, 'session')
      const funes = await createFunes({ url: pooler.url })
      await funes.indexes.rebuild('default')
      expect(await funes.indexes.check('default')).toMatchObject([{ valid: true, leftovers: false }])
      expect((await funes.doctor()).findings.map(({ id }) => id)).toContain('pooler.sessions')
      expect((await funes.purge({ userId: 'nobody', vacuum: true })).vacuumed).toBe(true)
      await funes.close()
      pooler.stop()
    })

    it('is seen by doctor, which says what goes past it', async () => {
      const poolerIn = async (url: string) => {
        const funes = await createFunes({ url })
        const { findings } = await funes.doctor()
        await funes.close()
        return findings.filter(({ id }) => id.startsWith('pooler'))
      }
      expect(await poolerIn(bouncer.url)).toMatchObject([
        { id: 'pooler.between', severity: 'info', fix: { text: expect.stringContaining('reembed') } },
      ])
      expect(await poolerIn(url)).toMatchObject([{ id: 'pooler', severity: 'ok' }])
    })

    it('says what a pool of the caller’s own must leave out', async () => {
      const pool = new pg.Pool({ connectionString: bouncer.url, statement_timeout: 1000 })
      const funes = await createFunes({ pool })
      await expect(funes.memories.count({ userId: 'x' })).rejects.toSatisfy((e) =>
        isFunesError(e, 'DB.POOLER'),
      )
      await funes.close()
      await pool.end()
    })
  },
)
