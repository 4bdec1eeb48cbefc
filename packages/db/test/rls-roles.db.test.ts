import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, isFunesError } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

const embedding = Float32Array.from({ length: 384 }, (_, i) => i + 1)

describeOnServer('roles under row-level security', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
  const owner = `owner_${suffix}`
  const app = `app_${suffix}`
  const login = `login_${suffix}`
  let superuser: pg.Client
  let urlOf: (role: string, options?: string) => string
  let funes: Funes
  let drop: () => Promise<unknown>

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    urlOf = (role, options) => {
      const url = new URL(database.url)
      url.username = role
      url.password = 'x'
      if (options) url.searchParams.set('options', options)
      return url.toString()
    }
    superuser = new pg.Client({ connectionString: database.url })
    await superuser.connect()
    await superuser.query(`
      create extension vector;
      create role ${owner} login password 'x' createrole;
      create role ${login} login password 'x';
      grant create on schema public to ${owner}`)
    funes = await createFunes({ url: urlOf(owner) })
    await funes.migrate()
    for (const userId of ['ada', 'bob'])
      await funes.memories.add({ userId, content: `of ${userId}`, embedding })
  })

  afterAll(async () => {
    await funes?.close()
    await superuser.query(`drop owned by ${owner}, ${login}, ${app}; drop role ${owner}, ${login}, ${app}`)
    await superuser.end()
    await drop()
  })

  it('hides everything from the owner of the tables, but what a scope shows', async () => {
    expect(await funes.tenancy.enable({ role: app })).toMatchObject({
      rowLevelSecurity: 'on',
      bypassed: false,
    })
    expect(await funes.memories.count({ scope: 'all-users' })).toBe(0)
    expect((await funes.memories.list({ userId: 'ada' })).items).toEqual([])
    await expect(funes.memories.add({ userId: 'ada', content: 'x', embedding })).rejects.toSatisfy((e) =>
      isFunesError(e, 'TENANCY.FOREIGN_USER'),
    )
    expect(await funes.as({ userId: 'ada' }).memories.count()).toBe(1)
    expect(await funes.as({ userId: 'ada' }).memories.search({ embedding })).toHaveLength(1)
  })

  it('lets the owner see to all users when its connection says so, and migrate in any case', async () => {
    const maintenance = await createFunes({ url: urlOf(owner, '-c funes.scope=all-users') })
    try {
      expect(await maintenance.memories.count({ scope: 'all-users' })).toBe(2)
      await maintenance.tenancy.assign({ userId: 'bob', tenantId: 'acme' })
      expect(await maintenance.as({ userId: 'ada' }).memories.count()).toBe(1)
      await maintenance.as({ userId: 'ada' }).transaction(async ({ prisma }) => {
        expect(await prisma.memory.count()).toBe(1)
      })
      const acme = maintenance.as({ tenantId: 'acme' })
      expect(await acme.memories.count({ scope: 'all-users' })).toBe(1)
    } finally {
      await maintenance.close()
    }
    expect((await funes.migrate()).applied).toEqual([])
  })

  it('names the role that a login is no member of, and the table that it may not read', async () => {
    const client = await createFunes({ url: urlOf(login) })
    await expect(client.as({ userId: 'ada' }).memories.list()).rejects.toMatchObject({
      code: 'DB.PERMISSION_DENIED',
      fix: expect.stringContaining(`grant ${app} to`),
      meta: { kind: 'role', name: app },
    })
    await expect(client.memories.list({ userId: 'ada' })).rejects.toMatchObject({
      code: 'DB.PERMISSION_DENIED',
      meta: { kind: 'table' },
    })
    await client.close()
  })

  it('serves an application that logs in with no rights of its own', async () => {
    await superuser.query(`grant ${app} to ${login}`)
    const client = await createFunes({ url: urlOf(login, '-c funes.scope=all-users') })
    try {
      expect((await client.health()).ok).toBe(true)
      expect(await client.memories.count({ scope: 'all-users' })).toBe(0)
      const ada = client.as({ userId: 'ada' })
      await ada.memories.add({ content: 'more of ada', embedding })
      expect(await ada.memories.search({ embedding })).toHaveLength(2)
      const forbidden = [
        `set role ${owner}`,
        'alter table memories disable row level security',
        "update users set tenant_id = 'acme'",
        "update embedding_models set state = 'retired'",
        'set row_security = off; select * from memories',
        'truncate memories',
        'drop policy funes_scope on memories',
      ]
      for (const text of forbidden) {
        const steps = text.split('; ')
        const refused = ada.transaction(async ({ prisma }) => {
          for (const step of steps) await prisma.$executeRawUnsafe(step)
        })
        await expect(refused, text).rejects.toThrow()
      }
      await expect(client.tenancy.disable()).rejects.toSatisfy((e) => isFunesError(e, 'DB.PERMISSION_DENIED'))
      await expect(client.tenancy.enable({ role: app })).rejects.toSatisfy((e) =>
        isFunesError(e, 'DB.PERMISSION_DENIED'),
      )
      expect(await funes.tenancy.status()).toMatchObject({ rowLevelSecurity: 'on', role: app })
    } finally {
      await client.close()
    }
  })
})
