import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectedSchema } from '../src/generated/expected-schema.js'
import { migrations } from '../src/generated/migrations.js'
import { createFunes, type DoctorReport } from '../src/index.js'
import { createMigrationsTable, insertApplied } from '../src/sql/migrations.js'
import { compile, type Statement } from '../src/sql/statement.js'
import { describeOnServer, emptyServerDatabase } from './engines.js'

const WEEK = 7 * 86_400_000
const LAST = 2

const about = ({ findings }: DoctorReport, id: string) => findings.filter((one) => one.id === id)

describeOnServer('giving the tables to a role that is no superuser', () => {
  const suffix = randomUUID().replaceAll('-', '').slice(0, 16)
  const [owner, next, app] = [`owner_${suffix}`, `next_${suffix}`, `app_${suffix}`]
  let database: Awaited<ReturnType<typeof emptyServerDatabase>>
  let superuser: pg.Client
  const open = (role?: string) => {
    const url = new URL(database.url)
    return createFunes({
      url: (role === undefined ? url : Object.assign(url, { username: role, password: 'x' })).toString(),
      model: 'm',
    })
  }
  const run = (statement: Statement<never>) => {
    const { text, values } = compile(statement)
    return superuser.query(text, values)
  }
  const count = async (from: string) =>
    (await superuser.query(`select count(*)::int4 as n from ${from}`)).rows[0].n as number

  beforeAll(async () => {
    database = await emptyServerDatabase()
    superuser = new pg.Client({ connectionString: database.url })
    await superuser.connect()
  })

  afterAll(async () => {
    const { rows } = await superuser.query('select rolname as role from pg_roles where rolname like $1', [
      `%_${suffix}`,
    ])
    const made = rows.map(({ role }) => role).join(', ')
    await superuser.query(`drop owned by ${made}; drop role ${made}`)
    await superuser.end()
    await database.drop()
  })

  it('leaves that role all that an owner does, with what doctor says', async () => {
    // As an earlier release left it, for the new owner to bring it up to date.
    await run(createMigrationsTable)
    for (const { name, checksum, sql } of migrations.slice(0, -LAST)) {
      await superuser.query(sql)
      await run(insertApplied(randomUUID(), name, checksum))
    }
    const before = await open()
    await before.models.register({ name: 'm', dimensions: 4 })
    const [found] = about(await before.doctor(), 'rights.superuser')
    await before.close()
    const sql = found?.fix?.sql?.replaceAll('funes_owner', owner).replaceAll('funes_app', app)
    await superuser.query(sql as string)
    await superuser.query(`alter role ${owner} password 'x'`)

    await using funes = await open(owner)
    expect((await funes.migrate()).applied).toHaveLength(LAST)
    const findings = (await funes.doctor()).findings
    expect(
      findings.filter(({ id, severity }) => severity === 'error' || /unknown|^rights\./.test(id)),
    ).toEqual([])

    await funes.tools.register({ name: 'pen', description: 'Writes.', embedding: null })
    const at = new Date(Date.now() - 8 * WEEK)
    const weeks = await count(`pg_partition_tree('tool_usage')`)
    await funes.tools.recordUsage({ tool: 'pen', userId: 'ada', success: true, at, wait: true })
    expect(await count(`pg_partition_tree('tool_usage')`)).toBe(weeks + 1)
    expect(await count('tool_usage_default')).toBe(0)
    await funes.tools.sweepUsage()
    expect(await count('tool_usage_deltas')).toBe(0)
    expect(await count('tool_usage_rollups')).toBeGreaterThan(0)
    const { droppedPartitions } = await funes.tools.dropUsageBefore({
      before: new Date(Date.now() - 6 * WEEK),
    })
    expect(droppedPartitions).toHaveLength(1)

    const remember = (userId: string) =>
      funes.memories.add({ userId, content: 'tea', embedding: [1, 0, 0, 0] })
    await remember('ada')
    await remember('bob')
    expect((await funes.purge({ userId: 'ada' })).removed).toMatchObject({ memories: 1, users: 1 })
    await funes.indexes.drop('m')
    await funes.indexes.build('m')
    await funes.tenancy.enable({ role: app })
    const bob = funes.as({ userId: 'bob' })
    expect((await bob.memories.list()).items).toHaveLength(1)
    await bob.tools.recordUsage({ tool: 'pen', success: true })
    expect((await funes.purge({ userId: 'bob' })).removed).toMatchObject({ memories: 1, tool_usage: 1 })
  })

  it('is not done by giving away the tables alone: doctor names what stayed behind, and its fix brings it', async () => {
    await superuser.query(`
      create role ${next} login password 'x';
      grant ${app} to ${next};
      grant create on schema public to ${next};
      ${expectedSchema.names.tables.map((table) => `alter table ${table} owner to ${next};`).join('\n')}`)
    await using funes = await open(next)
    const report = await funes.doctor()
    expect(report.ok).toBe(false)
    const [stayed] = about(report, 'rights.owners')
    expect(stayed?.detail).toContain(`table public._prisma_migrations (${owner})`)
    for (const name of [
      'tool_usage_default owner',
      'tool_usage_fold(integer) owner',
      'tool_usage_days owner',
    ]) {
      expect(stayed?.fix?.sql).toContain(name)
    }
    await expect(funes.tools.sweepUsage()).rejects.toMatchObject({ code: 'DB.PERMISSION_DENIED' })

    // As well but for the policies, which name the owner that was.
    const [, sql] = /^begin; (.*) set local .*commit;$/.exec(stayed?.fix?.sql as string) ?? []
    await superuser.query(sql as string)
    const [shutOut] = about(await funes.doctor(), 'rights.shut-out')
    expect(shutOut?.detail).toContain('memories')
    for (const fix of [shutOut, stayed]) {
      await superuser.query(fix?.fix?.sql as string)
      const left = (await funes.doctor()).findings.filter(({ id }) => id.startsWith('rights.'))
      expect(left).toEqual([])
    }
    await funes.as({ userId: 'cyd' }).memories.add({ content: 'tea', embedding: null })
    expect((await funes.purge({ userId: 'cyd' })).removed).toMatchObject({ memories: 1 })
    await funes.tools.sweepUsage()
  })
})
