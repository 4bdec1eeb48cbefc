import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, onServer, serverUrl, type TestDatabase, variant } from './databases.js'
import type { Project } from './project.js'
import { NOTES, NOTES_SQL } from './schemas.js'

const ROLE = `funes_role_${randomUUID().slice(0, 8)}`

describe.skipIf(serverUrl === undefined)('on a server only', () => {
  let database: TestDatabase
  let project: Project
  const asRole = (url: string, password = 'secret') => variant(url, { username: ROLE, password })

  beforeAll(async () => {
    database = createTestDatabase('server', NOTES)
    project = database.project
    await onServer(`create role ${ROLE} login password 'secret'`)
    project.migration('20260101000000_init', `${NOTES_SQL}grant select on "Note" to ${ROLE};\n`)
    const dev = await project.prisma(['migrate', 'dev', '--name', 'x'])
    expect(dev, dev.output).toMatchObject({ status: 0 })
  })
  afterAll(async () => {
    await database.drop()
    await onServer(`drop role if exists ${ROLE}`)
  })

  async function statusOn(url: string): Promise<string> {
    const outcome = await project.prisma(['migrate', 'status'], { env: { TEST_URL: url } })
    expect(outcome, outcome.output).toMatchObject({ status: 1 })
    return outcome.output
  }

  test('wrong credentials are P1000, and the password is not shown', async () => {
    const output = await statusOn(asRole(database.url, 'wr0ng'))
    expect(output).toContain(`P1000: Authentication failed against database server`)
    expect(output).toContain(`\`${ROLE}\``)
    expect(output).not.toContain('wr0ng')
  })

  test('nobody at the address is P1001', async () => {
    expect(await statusOn('postgresql://a:b@127.0.0.1:1/c')).toContain(
      "P1001: Can't reach database server at `127.0.0.1:1`",
    )
  })

  test('a database that is missing is P1003', async () => {
    const output = await statusOn(variant(database.url, { pathname: '/funes_missing' }))
    expect(output).toContain('P1003: Database `funes_missing` does not exist')
  })

  test('a database that the role may not enter is P1010', async () => {
    await database.query(
      'do $$ begin execute format($f$revoke connect on database %I from public$f$, current_database()); end $$',
    )
    try {
      expect(await statusOn(asRole(database.url))).toContain('P1010: User was denied access on the database')
    } finally {
      await database.query(
        'do $$ begin execute format($f$grant connect on database %I to public$f$, current_database()); end $$',
      )
    }
  })

  test('a role that may create no database runs migrate dev, and is told P3014 when it asks for a shadow there', async () => {
    await database.query(
      `grant all on schema public to ${ROLE}; grant all on all tables in schema public to ${ROLE}`,
    )
    const args = ['migrate', 'dev', '--name', 'x']
    const inMemory = await project.prisma(args, { env: { TEST_URL: asRole(database.url) } })
    expect(inMemory, inMemory.output).toMatchObject({ status: 0 })
    expect(inMemory.output).toContain('Already in sync')
    const env = { TEST_URL: asRole(database.url), PRISMA_ENGINE_SHADOW: 'server' }
    const onTheServer = await project.prisma(args, { env })
    expect(onTheServer.status).toBe(1)
    expect(onTheServer.output).toContain('P3014')
    expect(onTheServer.output).toContain('permission denied to create database')
  })

  test('a shadow database on the server is dropped when the work is done', async () => {
    const dev = await project.prisma(['migrate', 'dev', '--name', 'x'], {
      env: { PRISMA_ENGINE_SHADOW: 'server' },
    })
    expect(dev, dev.output).toMatchObject({ status: 0 })
    expect(dev.output).toContain('Already in sync')
    await expect
      .poll(
        () => onServer(`select datname from pg_database where datname like 'prisma_migrate_shadow_db_%'`),
        { timeout: 10_000 },
      )
      .toEqual([])
  })

  test('shadowDatabaseUrl is honoured: emptied, used, left there, and never the database itself', async () => {
    const shadow = createTestDatabase('server', NOTES)
    const name = new URL(shadow.url).pathname.slice(1)
    await onServer(`create database ${name}`)
    try {
      await shadow.query('create table "Note" (leftover int); create view old as select * from "Note"')
      const dev = await project.prisma(['migrate', 'dev', '--name', 'x'], {
        env: { TEST_SHADOW_URL: shadow.url },
      })
      expect(dev, dev.output).toMatchObject({ status: 0 })
      expect(dev.output).toContain('Already in sync')
      const columns = await shadow.query(
        `select column_name as c from information_schema.columns where table_schema = 'public'`,
      )
      expect(columns.map((row) => row.c).sort()).toEqual(['id', 'text'])
    } finally {
      await shadow.drop()
    }
    const same = await project.prisma(['migrate', 'dev', '--name', 'x'], {
      env: { TEST_SHADOW_URL: database.url },
    })
    expect(same.status).toBe(1)
    expect(same.output).toContain('appears to be the same as the main database')
    expect(await database.query('select count(*)::int as n from "Note"')).toEqual([{ n: 0 }])
  })

  test('a migration that somebody else is applying is waited for ten seconds: P1002', async () => {
    const holder = new pg.Client({ connectionString: database.url })
    await holder.connect()
    try {
      await holder.query('select pg_advisory_lock(72707369)')
      const deploy = await project.prisma(['migrate', 'deploy'])
      expect(deploy.status).toBe(1)
      expect(deploy.output).toContain('P1002')
      expect(deploy.output).toContain('Timed out trying to acquire a postgres advisory lock')
      const env = { PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK: '1' }
      const unlocked = await project.prisma(['migrate', 'deploy'], { env })
      expect(unlocked, unlocked.output).toMatchObject({ status: 0 })
    } finally {
      await holder.end()
    }
  })
})
