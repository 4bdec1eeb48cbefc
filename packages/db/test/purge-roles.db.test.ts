import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, isFunesError } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

describeOnServer('a purge under row-level security', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
  const [owner, app, login] = [`owner_${suffix}`, `app_${suffix}`, `login_${suffix}`]
  let database: Awaited<ReturnType<typeof emptyServerDatabase>>
  let superuser: pg.Client
  const as = (role: string) => {
    const url = Object.assign(new URL(database.url), { username: role, password: 'x' })
    return createFunes({ url: url.toString() })
  }

  beforeAll(async () => {
    database = await emptyServerDatabase()
    superuser = new pg.Client({ connectionString: database.url })
    await superuser.connect()
    await superuser.query(`
      create extension vector;
      create role ${owner} login password 'x' createrole;
      create role ${login} login password 'x';
      grant create on schema public to ${owner}`)
  })

  afterAll(async () => {
    await superuser.query(`drop owned by ${owner}, ${login}, ${app}; drop role ${owner}, ${login}, ${app}`)
    await superuser.end()
    await database.drop()
  })

  it('is refused to a role from which rows are hidden, and proves what the owner removes', async () => {
    await using funes = await as(owner)
    await funes.migrate()
    for (const userId of ['ada', 'bob']) {
      for (const content of ['one', 'two']) await funes.memories.add({ userId, content, embedding: null })
    }
    await funes.tenancy.enable({ role: app })
    await superuser.query(`grant ${app} to ${login}`)
    await using application = await as(login)
    await expect(application.purge({ userId: 'ada' })).rejects.toSatisfy((e) =>
      isFunesError(e, 'PURGE.HIDDEN'),
    )
    const receipt = await funes.purge({ userId: 'ada' })
    expect(receipt.removed).toMatchObject({ memories: 2, users: 1 })
    expect(new Set(Object.values(receipt.remaining))).toEqual(new Set([0]))
    const { rows } = await superuser.query('select user_id, count(*)::int4 as n from memories group by 1')
    expect(rows).toEqual([{ user_id: 'bob', n: 2 }])
    const old = await funes.lifecycle.forget({ scope: 'all-users', below: 1, minAgeMs: 0 })
    expect(old.forgotten).toBe(2)
    expect(await funes.lifecycle.sweep({ deletedForMs: 0 })).toEqual({ expired: 0, deleted: 2 })
  })
})
