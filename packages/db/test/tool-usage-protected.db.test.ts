import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

const DAY = 86_400_000

describeOnServer('usages under row-level security', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
  const owner = `usage_owner_${suffix}`
  const app = `usage_app_${suffix}`
  let superuser: pg.Client
  let funes: Funes
  let drop: () => Promise<unknown>

  beforeAll(async () => {
    const database = await emptyServerDatabase()
    drop = database.drop
    superuser = new pg.Client({ connectionString: database.url })
    await superuser.connect()
    await superuser.query(`
      create extension vector;
      create role ${owner} login password 'x' createrole;
      grant create on schema public to ${owner}`)
    const url = new URL(database.url)
    url.username = owner
    url.password = 'x'
    funes = await createFunes({ url: url.toString() })
    await funes.migrate()
    await funes.tenancy.enable({ role: app })
    await superuser.query(`insert into tools (name, description) values ('pen', 'x')`)
  })

  afterAll(async () => {
    await funes?.close()
    await superuser.query(`drop owned by ${owner}, ${app}; drop role ${owner}, ${app}`)
    await superuser.end()
    await drop()
  })

  it('are written for all users and measured over all users, though a statement without a scope sees none', async () => {
    const of = (userId: string, at = new Date()) => ({
      tool: 'pen',
      userId,
      success: userId === 'ada',
      durationMs: 5,
      at,
    })
    await funes.tools.recordUsage({ ...of('ada'), wait: true })
    await funes.tools.recordUsageMany([of('bob'), of('bob', new Date(Date.now() - 30 * DAY))])
    await funes.tools.flushUsage()
    expect(funes.tools.usageStats()).toMatchObject({ written: 3, failed: 0 })
    expect(await funes.prisma.toolUsage.count()).toBe(0)
    expect(await funes.as({ userId: 'ada' }).transaction(({ prisma }) => prisma.toolUsage.count())).toBe(1)

    const range = { since: new Date(Date.now() - 40 * DAY + 1), until: new Date(Date.now() + DAY) }
    for (const exact of [true, false])
      expect(await funes.tools.usage({ ...range, exact })).toMatchObject({ calls: 3, failures: 2, users: 2 })
    expect(await funes.tools.usage({ ...range, userId: 'bob' })).toMatchObject({ calls: 2 })
    expect(await funes.tools.failing({ ...range, minCalls: 1 })).toMatchObject([{ tool: 'pen', failures: 2 }])
    // Nobody's statement after it sees more than before.
    expect(await funes.prisma.toolUsage.count()).toBe(0)
  })

  it('are protected in the partitions too, and kept up by whoever may only write', async () => {
    const before = { before: new Date(Date.now() - 14 * DAY) }
    const { droppedPartitions } = await funes.tools.dropUsageBefore(before)
    expect(droppedPartitions).toHaveLength(1)
    const range = { since: new Date(Date.now() - 40 * DAY), until: new Date(Date.now() + DAY) }
    expect(await funes.tools.usage(range)).toMatchObject({ calls: 3, exact: false })

    await funes.as({ userId: 'cyd' }).transaction(async ({ prisma }) => {
      const at = new Date(Date.now() + 50 * DAY)
      await prisma.$executeRaw`
        insert into tool_usage (id, tool_id, user_id, success, at) values (gen_random_uuid(), 1, 'cyd', true, ${at})`
      await prisma.$queryRaw`select tool_usage_make_partitions(array[${at}::timestamptz])`
      await prisma.$queryRaw`select tool_usage_fold(100)`
    })
    const { rows } = await superuser.query(`
      select c.relrowsecurity as "isProtected", has_table_privilege('${app}', c.oid, 'select') as "isReadable"
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'tool_usage'::regclass and c.relname > 'tool_usage_w' || to_char(now() + interval '5 weeks', 'YYYYMMDD')`)
    expect(rows).toEqual([{ isProtected: true, isReadable: false }])
    expect(await funes.tools.usage({ ...range, until: new Date(Date.now() + 60 * DAY) })).toMatchObject({
      calls: 4,
    })
  })
})
