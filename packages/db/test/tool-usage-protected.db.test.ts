import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFunes, type Funes, type ToolUsage } from '../src/index.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

const DAY = 86_400_000
/** A month ago, and on no edge of a cell. */
const MONTH_AGO = new Date(Math.floor((Date.now() - 30 * DAY) / 900_000) * 900_000 + 123_456)

/** Every question about the usages of all users that rows answer, in part at least, and what is right. */
const QUESTIONS = (tools: Pick<ToolUsage, 'usage' | 'trending' | 'failing'>) => {
  const range = { since: new Date(Date.now() - 40 * DAY + 1), until: new Date(Date.now() + DAY) }
  const all = { calls: 3, failures: 2, users: 2 }
  // Ends right after a call, of which no cell can tell.
  const cut = new Date(MONTH_AGO.getTime() + 1)
  return [
    [() => tools.usage(range), all],
    [() => tools.usage({ ...range, exact: true }), all],
    [() => tools.usage({ ...range, exact: false }), all],
    [() => tools.usage({ ...range, tool: 'pen', version: 1, bucket: 'week' }), all],
    [() => tools.usage({ ...range, until: cut, exact: false }), { calls: 1, users: 1 }],
    [() => tools.usage({ ...range, userId: 'bob' }), { calls: 2 }],
    [
      () => tools.trending({ until: cut, windowMs: DAY }),
      [{ tool: 'pen', calls: 1, previousCalls: 0, growth: 1.1 }],
    ],
    [() => tools.failing({ ...range, until: cut, minCalls: 1 }), [{ tool: 'pen', failures: 1 }]],
  ] as const
}

describeOnServer('usages under row-level security', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
  const owner = `usage_owner_${suffix}`
  const app = `usage_app_${suffix}`
  let superuser: pg.Client
  let funes: Funes
  let url: string
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
    const ofOwner = new URL(database.url)
    ofOwner.username = owner
    ofOwner.password = 'x'
    funes = await createFunes({ url: ofOwner.toString() })
    await funes.migrate()
    await funes.tenancy.enable({ role: app })
    // An application that owns nothing: it is a member of the role of scopes, and no more.
    const login = `usage_login_${suffix}`
    await superuser.query(`create role ${login} login password 'x' in role ${app}`)
    const ofLogin = new URL(database.url)
    ofLogin.username = login
    ofLogin.password = 'x'
    url = ofLogin.toString()
    await superuser.query(`insert into tools (name, description, search_text) values ('pen', 'x', 'pen')`)
  })

  afterAll(async () => {
    await funes?.close()
    await superuser.query(`drop owned by ${owner}, ${app}; drop role ${owner}, ${app}, usage_login_${suffix}`)
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
    await funes.tools.recordUsageMany([of('bob'), of('bob', MONTH_AGO)])
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

  it('are measured over all users in a transaction of the owner too, which sees no more of them by that', async () => {
    const scopeNow = async () =>
      (
        await funes.prisma.$queryRaw<
          { scope: string }[]
        >`select current_setting('funes.scope', true) as scope`
      )[0]?.scope
    await funes.transaction(async ({ prisma }) => {
      await prisma.$executeRaw`select set_config('funes.scope', 'none', true)`
      for (const [ask, expected] of QUESTIONS(funes.tools)) {
        const [answer, seen] = await Promise.all([ask(), prisma.toolUsage.count()])
        expect(answer, ask.toString()).toMatchObject(expected)
        expect([seen, await prisma.toolUsage.count(), await scopeNow()], ask.toString()).toEqual([
          0,
          0,
          'none',
        ])
      }
      // An answer without rows ends it as well.
      expect(await funes.tools.failing({ minCalls: 1_000 })).toEqual([])
      expect(await scopeNow()).toBe('none')
      expect(await funes.transaction(() => funes.tools.usage({ exact: true }))).toMatchObject({ calls: 2 })
      expect(await scopeNow()).toBe('none')
    })
    for (const [ask, expected] of QUESTIONS(funes.tools)) expect(await ask()).toMatchObject(expected)
  })

  it('are counted for nobody from whom they are hidden, and in a scope are its own', async () => {
    // A role that may read every table, and is held by the policies like any other.
    const reader = `usage_reader_${suffix}`
    await superuser.query(`create role ${reader} login password 'x' in role pg_read_all_data`)
    const refusal = { code: 'DB.PERMISSION_DENIED', fix: expect.stringContaining('funes.as') }
    for (const name of [`usage_login_${suffix}`, reader]) {
      const to = new URL(url)
      to.username = name
      const application = await createFunes({ url: to.toString() })
      const { tools } = application
      for (const [ask] of QUESTIONS(tools))
        await expect(ask(), `${name}: ${ask}`).rejects.toMatchObject(refusal)
      if (name !== reader) await expect(tools.neverUsed()).rejects.toMatchObject(refusal)
      // It is refused before the database refuses anything: the transaction goes on.
      await application.transaction(async () => {
        await expect(tools.usage({ exact: true })).rejects.toMatchObject(refusal)
        await expect(tools.failing()).rejects.toMatchObject(refusal)
        expect(await tools.get({ name: 'pen' })).not.toBeNull()
      })
      await application.close()
    }
    await superuser.query(`drop role ${reader}`)

    const application = await createFunes({ url })
    for (const one of [funes, application]) {
      const bob = one.as({ userId: 'bob' })
      const range = { since: new Date(MONTH_AGO.getTime() - 1) }
      expect(await bob.tools.usage(range)).toMatchObject({ calls: 2, users: 1, exact: true })
      await bob.transaction(async (tx) => {
        expect(await tx.tools.usage({ ...range, tool: 'pen', version: 1 })).toMatchObject({ calls: 2 })
        expect(await one.tools.usage({ ...range, exact: true })).toMatchObject({ calls: 2, users: 1 })
        expect(await one.tools.usage({ ...range, userId: 'bob' })).toMatchObject({ calls: 2 })
        expect(await tx.prisma.toolUsage.count()).toBe(2)
        await expect(one.tools.trending()).rejects.toMatchObject(refusal)
      })
    }
    await application.close()
  })

  it('are protected in the partitions too, and kept up by whoever may only write', async () => {
    const before = { before: new Date(Date.now() - 14 * DAY) }
    const { droppedPartitions } = await funes.tools.dropUsageBefore(before)
    expect(droppedPartitions).toHaveLength(1)
    const range = { since: new Date(Date.now() - 40 * DAY), until: new Date(Date.now() + DAY) }
    expect(await funes.tools.usage(range)).toMatchObject({ calls: 3, exact: false })

    // A week that went missing is made anew by whoever stores usages in a scope, and takes what waited for it.
    const at = new Date(Date.now() + 21 * DAY)
    const { rows: weeks } = await superuser.query(
      `select 'tool_usage_w' || to_char(date_trunc('week', $1::timestamptz at time zone 'UTC'), 'YYYYMMDD') as name`,
      [at],
    )
    const week = weeks[0].name
    await superuser.query(`drop table ${week}`)
    const cyd = funes.as({ userId: 'cyd' })
    await cyd.transaction(async ({ prisma }) => {
      await prisma.$executeRaw`
        insert into tool_usage (id, tool_id, user_id, success, at) values (gen_random_uuid(), 1, 'cyd', true, ${at})`
    })
    const application = await createFunes({ url })
    await application.as({ userId: 'cyd' }).tools.recordUsage({ tool: 'pen', success: true })
    expect(application.tools.usageStats().lastError).toBeNull()
    // It lacks rights, and is meant to.
    const { findings } = await application.doctor()
    expect(findings.map(({ id }) => id)).not.toContain('rights.tables')
    await application.close()
    const { rows } = await superuser.query(
      `select c.relrowsecurity as "isProtected", has_table_privilege('${app}', c.oid, 'select') as "isReadable",
         (select count(*)::int4 from ${week}) as n
       from pg_class c where c.relname = $1`,
      [week],
    )
    expect(rows).toEqual([{ isProtected: true, isReadable: false, n: 1 }])
    await cyd.transaction(({ prisma }) => prisma.$queryRaw`select tool_usage_fold(100)`)
    expect(await funes.tools.usage({ ...range, until: new Date(Date.now() + 60 * DAY) })).toMatchObject({
      calls: 5,
    })
  })

  const REFUSED = {
    totals: 'select * from tool_usage_rollups',
    changes: 'select users from tool_usage_deltas',
    'who was purged': 'select * from purged_users',
    'leaving a tenant': 'delete from users',
    'weeks of any time': `select tool_usage_make_partitions(array[now() - interval '3 years'])`,
  }

  it('tell a scope of others only how often and when about a tool was called by all of them', async () => {
    const ada = funes.as({ userId: 'ada' })
    const expectRefused = async () => {
      for (const [what, text] of Object.entries(REFUSED)) {
        const asked = ada.transaction(({ prisma }) => prisma.$queryRawUnsafe(text))
        await expect(asked, what).rejects.toThrow(/permission denied/)
      }
    }
    await expectRefused()
    // Whatever the role was given before is taken from it.
    await superuser.query(`
      grant select on tool_usage_rollups, tool_usage_deltas, purged_users to ${app};
      grant delete on users to ${app};
      revoke select on tool_usage_last from ${app}`)
    await funes.tenancy.enable({ role: app })
    await superuser.query(`revoke execute on function tool_usage_make_partitions(timestamptz[]) from ${app}`)
    await expectRefused()

    expect(await ada.tools.usage()).toMatchObject({ calls: 1, users: 1, exact: true })
    const select = { text: 'pen', mode: 'text', ranking: {}, explain: true } as const
    const { hits } = await ada.tools.select(select)
    const [hit] = (await funes.tools.select(select)).hits
    expect(hits[0]?.score).toBeCloseTo(hit?.score as number, 9)
    expect(hits[0]?.explanation.success).toMatchObject({ calls: 5, failures: 2 })
    const hour = hits[0]?.explanation.recency?.lastUsedAt?.getTime() as number
    expect(hour % 3_600_000).toBe(0)
    await expect(ada.transaction(() => funes.tools.usage())).rejects.toMatchObject({
      code: 'DB.PERMISSION_DENIED',
    })
  })

  it('are added up, and their weeks made, by nobody who has no right to', async () => {
    const { rows } = await superuser.query(`
      select p.proname as name
      from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.prosecdef and p.pronamespace = 'public'::regnamespace and a.grantee = 0`)
    expect(rows).toEqual([])
  })
})
