import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Funes, isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { searchUnderRowLevelSecurity } from './rls-search.js'
import { scopesInScopes, tracesOfScopes, usersInTenants } from './tenancy-nesting.js'
import { tenantScopes } from './tenancy-tenants.js'

const embedding = [1, 2, 3]
const memory = (content: string) => ({ content, embedding })
const isForeign = (e: unknown) => isFunesError(e, 'TENANCY.FOREIGN_USER')
const isOff = (e: unknown) => isFunesError(e, 'TENANCY.OFF')

onEveryEngine('tenancy', (db) => {
  const role = `funes_test_${crypto.randomUUID().replaceAll('-', '')}`
  let funes: Funes

  beforeAll(async () => {
    await db().funes.models.register({ name: 'tiny', dimensions: 3, indexKind: 'none' })
    funes = await db().open({ model: 'tiny' })
    for (const userId of ['ada', 'bob']) {
      await funes.sessions.start({ userId, id: 's' })
      const { id } = await funes.memories.add({ userId, ...memory(`of ${userId}`), sessionId: 's' })
      await funes.memories.update({ userId, id, importance: 0.8 })
      await funes.memories.touch({ userId, id })
    }
  })

  afterAll(async () => {
    await funes?.tenancy.disable()
    await db().pool.query(`drop owned by ${role}; drop role ${role}`)
    await funes?.close()
  })

  describe('while row-level security is off', () => {
    it('holds the scope of a user by itself, and offers nothing that only the database could hold', async () => {
      expect(await funes.tenancy.status()).toMatchObject({ rowLevelSecurity: 'off', role: null })
      const ada = funes.as({ userId: 'ada' })
      expect((await ada.memories.list()).items.map(({ content }) => content)).toEqual(['of ada'])
      await expect(ada.memories.get({ userId: 'bob', id: crypto.randomUUID() })).rejects.toSatisfy(isForeign)
      await expect(ada.transaction(async ({ prisma }) => prisma.memory.count())).rejects.toSatisfy(isOff)
      await expect(funes.as({ tenantId: 'acme' }).memories.list({ userId: 'ada' })).rejects.toSatisfy(isOff)
    })

    scopesInScopes(() => funes)
  })

  describe('while row-level security is on', () => {
    beforeAll(async () => {
      const status = await funes.tenancy.enable({ role })
      expect(status).toEqual({
        rowLevelSecurity: 'on',
        role,
        unprotected: [],
        bypassed: true,
        allUsers: 'seen',
      })
    })

    it('protects every table that names a user, by the catalogue and not by a list', async () => {
      const { rows } = await db().pool.query(`
        select c.relname::text as name, c.relrowsecurity and c.relforcerowsecurity as "isProtected"
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and (c.relname = 'users' or exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
          ))`)
      expect(rows.length).toBeGreaterThanOrEqual(7)
      expect(rows.filter(({ isProtected }) => !isProtected)).toEqual([])
    })

    it('says so in health, and what is missing when a table is left out', async () => {
      expect((await funes.health()).tenancy).toMatchObject({ rowLevelSecurity: 'on', role })
      await db().pool.query('alter table sessions disable row level security')
      expect(await funes.tenancy.status()).toMatchObject({
        rowLevelSecurity: 'partly',
        unprotected: ['sessions'],
      })
      expect((await funes.health()).findings.map(({ code }) => code)).toContain('HEALTH.RLS_PARTLY')
      await expect(funes.as({ tenantId: 'acme' }).users.list()).rejects.toSatisfy(isOff)
      // Called again, it stays with the role that applications connect for.
      expect(await funes.tenancy.enable()).toMatchObject({ rowLevelSecurity: 'on', role })
    })

    it('offers all of a memory in the scope of its user', async () => {
      const eve = funes.as({ userId: 'eve' })
      expect(await eve.user()).toBeNull()
      await eve.ensureUser({ metadata: { plan: 'pro' } })
      const { id: sessionId } = await eve.sessions.start()
      const { id } = await eve.memories.add({ ...memory('tea'), sessionId, idempotencyKey: 'k' })
      expect((await eve.memories.add({ ...memory('tea'), idempotencyKey: 'k' })).created).toBe(false)
      const many = [memory('tea'), memory('milk'), memory('milk')]
      expect(await eve.memories.addMany(many, { onDuplicate: 'touch' })).toEqual({
        added: 1,
        skipped: 2,
        updated: 0,
      })
      expect((await eve.memories.update({ id, content: 'green tea', embedding })).version).toBe(2)
      expect(await eve.memories.touch([{ id }, { id }])).toEqual({ touched: 1 })
      await eve.memories.delete({ id })
      expect(await eve.memories.get({ id })).toBeNull()
      expect((await eve.memories.restore({ id })).content).toBe('green tea')
      expect(await eve.memories.history({ id })).toHaveLength(3)
      expect(await eve.memories.embedding({ id })).toEqual(Float32Array.from(embedding))
      const { hits } = await eve.memories.search({ text: 'green tea', embedding, explain: true })
      expect(hits[0]?.memory.id).toBe(id)
      expect((await eve.memories.searchMany([{ embedding }]))[0]).toHaveLength(2)
      expect(await eve.memories.count()).toBe(2)
      expect((await eve.sessions.end({ id: sessionId })).endedAt).not.toBeNull()
      expect(await eve.user()).toMatchObject({ id: 'eve', metadata: { plan: 'pro' } })
    })

    it('keeps usages of tools to their user or tenant, and the registry for all to read', async () => {
      await funes.tools.register({ name: 'brew', description: 'Makes tea.', embedding })
      for (const userId of ['ada', 'bob']) {
        await funes
          .as({ userId })
          .tools.recordUsage({ tool: 'brew', success: userId === 'ada', durationMs: 5 })
      }
      const { tools } = funes.as({ userId: 'ada' })
      expect(await tools.usage({ tool: 'brew' })).toMatchObject({ calls: 1, failures: 0, exact: true })
      expect((await tools.select({ embedding, k: 1 })).map(({ tool }) => tool.name)).toEqual(['brew'])
      expect(await tools.get({ name: 'brew' })).toMatchObject({ version: 1 })
      await expect(tools.usage({ userId: 'bob' })).rejects.toSatisfy(isForeign)
      await expect(tools.recordUsage({ userId: 'bob', tool: 'brew', success: true })).rejects.toSatisfy(
        isForeign,
      )
      await expect(tools.recordUsage({ tool: 'none', success: true })).rejects.toSatisfy((e) =>
        isFunesError(e, 'TOOL.NOT_FOUND'),
      )
      await funes.as({ userId: 'ada' }).transaction(async ({ prisma }) => {
        expect(await prisma.$queryRaw`select user_id, success from tool_usage`).toEqual([
          { user_id: 'ada', success: true },
        ])
      })
      const hooli = funes.as({ tenantId: 'hooli' })
      await hooli.tools.recordUsage({ tool: 'brew', userId: 'hooli-1', success: true })
      expect(await hooli.tools.usage()).toMatchObject({ calls: 1, users: 1 })
      await expect(hooli.tools.recordUsage({ tool: 'brew', userId: 'bob', success: true })).rejects.toSatisfy(
        isForeign,
      )
    })

    it('shows and changes nothing of others in a transaction whose statements name no user', async () => {
      await funes.as({ userId: 'ada' }).transaction(async ({ prisma, transaction }) => {
        expect(await prisma.$queryRaw`select content from memories`).toEqual([{ content: 'of ada' }])
        expect(await prisma.user.findMany({ select: { id: true } })).toEqual([{ id: 'ada' }])
        expect(await prisma.$queryRaw`select distinct user_id from memory_embeddings`).toEqual([
          { user_id: 'ada' },
        ])
        expect(await prisma.$queryRaw`select distinct user_id from memory_history`).toEqual([
          { user_id: 'ada' },
        ])
        expect(await prisma.$executeRaw`update memories set importance = 0.1`).toBe(1)
        await transaction(async (inner) => {
          expect(await inner.prisma.$executeRaw`delete from memory_access`).toBe(1)
        })
        // The same Funes, whose calls name another user, joins the transaction and with it the scope.
        expect((await funes.memories.list({ userId: 'bob' })).items).toEqual([])
        expect(await funes.memories.count({ scope: 'all-users' })).toBe(1)
      })
      expect(await funes.as({ userId: 'bob' }).memories.count()).toBe(1)
      const { rows } = await db().pool.query("select importance from memories where user_id = 'bob'")
      expect(rows).toEqual([{ importance: 0.8 }])
    })

    it('refuses by name to write a row of another user, or to make one another user’s', async () => {
      const ada = funes.as({ userId: 'ada' })
      const writes: ((tx: Parameters<Parameters<typeof ada.transaction>[0]>[0]) => Promise<unknown>)[] = [
        ({ prisma }) => prisma.session.create({ data: { userId: 'bob', id: 'planted' } }),
        ({ prisma }) => prisma.$executeRaw`insert into sessions (user_id, id) values ('bob', 'planted')`,
        ({ prisma }) => prisma.$executeRaw`update sessions set user_id = 'bob', id = 'moved'`,
        ({ prisma }) => prisma.user.create({ data: { id: 'mallory' } }),
        () => funes.memories.add({ userId: 'bob', ...memory('planted') }),
      ]
      for (const write of writes) {
        const refused = ada.transaction(write)
        await expect(refused).rejects.toSatisfy(isForeign)
        await expect(refused).rejects.not.toThrow(/planted|mallory/)
      }
      expect(await funes.as({ userId: 'bob' }).memories.count()).toBe(1)
    })

    it('leaves nothing on the connection, whether the scope ended well or not', async () => {
      const { pool } = db()
      const ada = funes.as({ userId: 'ada' })
      await ada.memories.list()
      await ada.transaction(() => Promise.reject(new Error('undo'))).catch(() => {})
      const clients = await Promise.all(
        Array.from({ length: pool.options.max === 1 ? 1 : 5 }, () => pool.connect()),
      )
      try {
        for (const client of clients) {
          const { rows } = await client.query(
            `select current_user = session_user as own, coalesce(current_setting('funes.user_id', true), '') as id`,
          )
          expect(rows).toEqual([{ own: true, id: '' }])
        }
      } finally {
        for (const client of clients) client.release()
      }
    })

    it('ends with its call inside of a transaction that goes on', async () => {
      await funes.transaction(async (tx) => {
        expect(await tx.memories.count({ userId: 'bob' })).toBe(1)
        await funes.as({ userId: 'ada' }).memories.list()
        expect(await tx.memories.count({ userId: 'bob' })).toBe(1)
        const failing = funes.as({ userId: 'ada' }).transaction(async ({ prisma }) => {
          await prisma.$executeRaw`delete from memories`
          throw new Error('undo')
        })
        await expect(failing).rejects.toThrow('undo')
        expect(await tx.memories.count({ userId: 'ada' })).toBe(1)
        await funes.as({ userId: 'ada' }).transaction(async (ada) => {
          await expect(funes.as({ userId: 'bob' }).memories.count()).rejects.toSatisfy(isForeign)
          expect(await ada.memories.count()).toBe(1)
          expect(await funes.memories.count({ userId: 'bob' })).toBe(0)
        })
      })
    })

    it('keeps many scopes apart that are in use at once', async () => {
      const users = Array.from({ length: 12 }, (_, i) => `crowd ${i}`)
      await Promise.all(
        users.map(async (userId) => {
          const scope = funes.as({ userId })
          for (let i = 0; i < 3; i++) {
            await scope.memories.add(memory(`${userId}, ${i}`))
            const { items } = await scope.memories.list()
            expect(items).toHaveLength(i + 1)
            expect(items.every((item) => item.userId === userId)).toBe(true)
          }
        }),
      )
    })

    tenantScopes(() => funes)
    usersInTenants(() => funes)
    scopesInScopes(() => funes)
    tracesOfScopes(db)
    searchUnderRowLevelSecurity(db)

    it('refuses a role that would pass policies by, and names that no role may have', async () => {
      const { pool } = db()
      const all = `funes_test_${crypto.randomUUID().replaceAll('-', '')}`
      await pool.query(`create role ${all} bypassrls`)
      try {
        const { rows } = await pool.query('select current_user::text as owner')
        for (const name of [all, rows[0].owner, 'pg_read_all_data', 'none', 'Public']) {
          const refused = funes.tenancy.enable({ role: name })
          await expect(refused).rejects.toSatisfy((e) => isFunesError(e, 'TENANCY.ROLE_REFUSED'))
        }
        expect(await funes.tenancy.status()).toMatchObject({ rowLevelSecurity: 'on', role })
      } finally {
        await pool.query(`drop role ${all}`)
      }
    })
  })

  it('is off again after disable, and on again after enable', async () => {
    expect(await funes.tenancy.disable()).toMatchObject({ rowLevelSecurity: 'off', role: null })
    expect(await funes.memories.count({ userId: 'bob' })).toBe(1)
    expect(await funes.as({ userId: 'bob' }).memories.count()).toBe(1)
    expect(await funes.tenancy.enable({ role })).toMatchObject({ rowLevelSecurity: 'on', role })
  })
})
