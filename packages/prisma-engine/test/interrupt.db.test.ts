import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createTestDatabase, onServer, serverUrl, type TestDatabase } from './databases.js'
import { NOTES, NOTES_SQL } from './schemas.js'

const SLOW = 'create table half (id int);\nselect pg_sleep(600);\ncreate table other_half (id int);\n'
const SLEEPING = `select datname from pg_stat_activity where state = 'active' and query like '%pg_sleep(600)%' and pid <> pg_backend_pid()`
const SHADOWS = `select datname from pg_database where datname like 'prisma_migrate_shadow_db_%'`

let database: TestDatabase
afterEach(() => database.drop())

type Ending = [name: string, end: (cli: number) => void]

/** A terminal's Ctrl-C reaches the CLI and its engine; a killed CLI just is no more. */
const ENDINGS: Ending[] = [
  ['Ctrl-C', (cli) => process.kill(-cli, 'SIGINT')],
  ['SIGTERM', (cli) => process.kill(-cli, 'SIGTERM')],
  ['the death of the CLI', (cli) => process.kill(cli, 'SIGKILL')],
]

describe.skipIf(serverUrl === undefined).each(ENDINGS)('%s on a server', (_name, end) => {
  test('in a migration ends its statement, its session and the advisory lock', async () => {
    database = createTestDatabase('server', NOTES)
    const { project } = database
    project.migration('20260101000000_init', NOTES_SQL)
    await project.prisma(['db', 'push'])
    await database.query('drop table "Note"')
    project.migration('20260102000000_slow', SLOW)
    const { process: cli, outcome } = project.start(['migrate', 'deploy'])
    await expect.poll(() => onServer(SLEEPING), { timeout: 60_000 }).toHaveLength(1)
    end(cli.pid as number)
    await outcome
    const others = `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    await expect.poll(() => database.query(others), { timeout: 15_000 }).toEqual([])
    const locks = `select pid from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`
    expect(await database.query(locks)).toEqual([])
    expect(
      await database.query(`select migration_name as name from _prisma_migrations where finished_at is null`),
    ).toEqual([{ name: '20260102000000_slow' }])
    expect(await database.query(`select relname from pg_class where relname = 'half'`)).toEqual([])
  })

  test('in a shadow database drops it', async () => {
    database = createTestDatabase('server', NOTES)
    const { project } = database
    project.migration('20260101000000_init', `${NOTES_SQL}${SLOW}`)
    const { process: cli, outcome } = project.start(['migrate', 'dev', '--name', 'x'], {
      PRISMA_ENGINE_SHADOW: 'server',
    })
    await expect.poll(() => onServer(SLEEPING), { timeout: 60_000 }).toHaveLength(1)
    const [shadow] = await onServer<{ datname: string }>(SLEEPING)
    expect(shadow?.datname).toMatch(/^prisma_migrate_shadow_db_/)
    end(cli.pid as number)
    await outcome
    await expect.poll(() => onServer(SHADOWS), { timeout: 15_000 }).toEqual([])
  })
})

describe('Ctrl-C on the embedded database', () => {
  test('in the middle of a migration gives its directory free', async () => {
    database = createTestDatabase('embedded', NOTES)
    const { project } = database
    project.migration('20260101000000_init', NOTES_SQL)
    const deployed = await project.prisma(['migrate', 'deploy'])
    expect(deployed, deployed.output).toMatchObject({ status: 0 })
    project.migration('20260102000000_slow', SLOW)
    const { process: cli, outcome } = project.start(['migrate', 'deploy'])
    await expect
      .poll(() => existsSync(join(project.folder, 'data/pgdata/postmaster.pid')), { timeout: 60_000 })
      .toBe(true)
    // PGlite tells nobody what it is doing; by now it sleeps, or is about to.
    await sleep(5_000)
    process.kill(-(cli.pid as number), 'SIGINT')
    await outcome
    expect(await database.query(`select relname from pg_class where relname in ('half', 'Note')`)).toEqual([
      { relname: 'Note' },
    ])
    const rows = await database.query(
      'select migration_name as name from _prisma_migrations where finished_at is not null',
    )
    expect(rows).toEqual([{ name: '20260101000000_init' }])
  })
})
