import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import type { TestDatabase } from './engines.js'

const embedding = [1, 2, 3]
const memory = (content: string) => ({ content, embedding })
const isForeign = (e: unknown) => isFunesError(e, 'TENANCY.FOREIGN_USER')

/** Scopes inside of the transactions of others, whether the database holds them or not. */
export function scopesInScopes(funes: () => Funes): void {
  describe('in the transaction of another scope', () => {
    it('refuses to open one of another user, reading or writing, and goes on with its own', async () => {
      const bob = funes().as({ userId: 'bob' })
      const before = await bob.memories.count()
      await funes()
        .as({ userId: 'ada' })
        .transaction(async (tx) => {
          const calls: (() => Promise<unknown>)[] = [
            () => bob.memories.list(),
            () => bob.memories.add(memory('planted')),
            () => bob.memories.addMany([memory('planted')]),
            () => bob.ensureUser(),
            () => bob.transaction(async (inner) => inner.memories.add(memory('planted'))),
            () => tx.transaction(() => bob.memories.count()),
            () => funes().transaction(() => bob.memories.count()),
            () => funes().as({ tenantId: 'acme' }).users.list(),
          ]
          for (const call of calls) await expect(call(), String(call)).rejects.toSatisfy(isForeign)
          expect(await tx.memories.count()).toBe(1)
          expect(await funes().as({ userId: 'ada' }).memories.count()).toBe(1)
          await tx.transaction(async () =>
            expect(await funes().as({ userId: 'ada' }).memories.count()).toBe(1),
          )
        })
      expect(await bob.memories.count()).toBe(before)
    })

    it('lets many calls of its own run at once, and others take turns outside of any scope', async () => {
      const [ada, bob] = ['ada', 'bob'].map((userId) => funes().as({ userId }))
      const warnings: Error[] = []
      const onWarning = (warning: Error) => warnings.push(warning)
      process.on('warning', onWarning)
      const counts = await ada?.transaction(async (tx) =>
        Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? tx : ada).memories.count())),
      )
      expect(new Set(counts)).toEqual(new Set([1]))
      process.off('warning', onWarning)
      expect(warnings).toEqual([])
      await funes().transaction(async (tx) => {
        const both = [ada?.memories.list(), bob?.memories.list(), tx.memories.list({ userId: 'bob' })]
        const seen = (await Promise.all(both)).map((page) => page?.items.map(({ content }) => content))
        expect(seen).toEqual([['of ada'], ['of bob'], ['of bob']])
      })
    })
  })
}

/** The same of tenants, where row-level security is on. */
export function usersInTenants(funes: () => Funes): void {
  it('opens users of a tenant in its transaction, and nobody else’s', async () => {
    const acme = funes().as({ tenantId: 'nest' })
    await funes().as({ tenantId: 'other' }).users.ensure({ id: 'other-1' })
    await acme.transaction(async (tx) => {
      await tx.memories.add({ userId: 'nest-1', ...memory('one') })
      await tx.memories.add({ userId: 'nest-2', ...memory('two') })
      const one = funes().as({ userId: 'nest-1' })
      await one.memories.add(memory('more'))
      expect(await one.memories.count()).toBe(2)
      await one.transaction(async (inner) => {
        expect(await inner.memories.count()).toBe(2)
        await expect(acme.memories.count({ scope: 'all-users' })).rejects.toSatisfy(isForeign)
        await expect(funes().as({ userId: 'nest-2' }).memories.list()).rejects.toSatisfy(isForeign)
      })
      expect(await tx.memories.count({ scope: 'all-users' })).toBe(3)
      for (const userId of ['other-1', 'ada', 'nobody yet']) {
        await expect(funes().as({ userId }).memories.list(), userId).rejects.toSatisfy(isForeign)
      }
      await expect(funes().as({ tenantId: 'other' }).users.list()).rejects.toSatisfy(isForeign)
    })
    expect((await acme.users.list()).map(({ id }) => id)).toEqual(['nest-1', 'nest-2'])
  })
}

const LEFT = `
  select
    coalesce(current_setting('funes.user_id', true), '') as id, current_setting('row_security') as security,
    current_setting('work_mem') as memory, to_regclass('pg_temp.memories')::text as temporary,
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    current_user = session_user as own`
const TRACES = [
  "select set_config('funes.user_id', 'bob', false)",
  'set row_security = off',
  "set work_mem = '1234kB'",
  'create temp table memories (id int)',
  'select count(pg_advisory_lock(424242))',
]

/** What SQL of a caller's own leaves of a scope's transaction, where row-level security is on. */
export function tracesOfScopes(db: () => TestDatabase): void {
  it('leaves nothing of the SQL in a scope’s transaction, kept or not, for whoever is next', async () => {
    const { engine, url, pool } = db()
    const given = engine === 'server' ? new pg.Pool({ connectionString: url as string, max: 1 }) : pool
    if (given !== pool) given.on('connect', (client) => client.query("set work_mem = '5MB'"))
    const openings = engine === 'server' ? [{ url: url as string, limits: { maxConnections: 1 } }] : []
    for (const options of [...openings, { pool: given }]) {
      const one = await createFunes({ ...options, model: 'tiny' })
      const [clean] = await one.prisma.$queryRawUnsafe<object[]>(LEFT)
      expect(clean).toMatchObject({ id: '', security: 'on', temporary: null, locks: 0, own: true })
      const ada = one.as({ userId: 'ada' })
      const mess = async (run: (sql: string) => Promise<unknown>) => {
        for (const trace of TRACES) await run(trace)
      }
      const uses: (() => Promise<unknown>)[] = [
        () => ada.transaction(({ prisma }) => mess((sql) => prisma.$executeRawUnsafe(sql))),
        () => ada.transaction(() => mess((sql) => one.prisma.$executeRawUnsafe(sql))),
        () =>
          ada.transaction((tx) =>
            tx.transaction((inner) => mess((sql) => inner.prisma.$queryRawUnsafe(sql))),
          ),
        () =>
          ada.transaction(async ({ prisma }) => {
            await mess((sql) => prisma.$executeRawUnsafe(sql))
            throw new Error('undo')
          }),
        () => ada.transaction(({ prisma }) => mess((sql) => prisma.$executeRawUnsafe(`commit; ${sql}`))),
      ]
      for (const use of uses) {
        await use().catch(() => {})
        const [after] = await one.prisma.$queryRawUnsafe<object[]>(LEFT)
        expect(after, String(use)).toEqual(clean)
        expect(await ada.memories.count()).toBe(1)
      }
      await one.close()
    }
    if (given !== pool) await given.end()
  })

  it('keeps its connection where no such SQL ran', async () => {
    const { engine, url } = db()
    if (engine === 'embedded') return
    const one = await createFunes({ url: url as string, limits: { maxConnections: 1 }, model: 'tiny' })
    const backend = async () =>
      (await one.prisma.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid
    const before = await backend()
    const ada = one.as({ userId: 'ada' })
    await ada.transaction(({ prisma }) => prisma.memory.count())
    await ada.transaction(({ prisma }) => prisma.$queryRaw`select content from memories`)
    expect(await backend()).toBe(before)
    await one.close()
  })
}
