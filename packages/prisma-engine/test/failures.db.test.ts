import { join } from 'node:path'
import { createEmbeddedPool } from '@funes/embedded'
import { afterAll, describe, expect, test } from 'vitest'
import { createTestDatabase, engines } from './databases.js'
import { NOTES, NOTES_SQL } from './schemas.js'

describe.each(engines)('what goes wrong on the %s database', (engine) => {
  const database = createTestDatabase(engine, NOTES)
  const { project } = database
  afterAll(database.drop)

  async function fails(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const outcome = await project.prisma(args, { env })
    expect(outcome, outcome.output).toMatchObject({ status: 1 })
    return outcome.output
  }

  test('a migration that the shadow database refuses is P3006, with P3018 inside', async () => {
    project.migration('20260101000000_init', `${NOTES_SQL}`)
    project.migration('20260102000000_broken', 'select 1;\nselect nope();\n')
    const output = await fails(['migrate', 'dev'])
    expect(output).toContain('Error: P3006')
    expect(output).toContain(
      'Migration `20260102000000_broken` failed to apply cleanly to the shadow database',
    )
    expect(output).toContain('Error code: P3018')
    expect(output).toContain('  2 select nope();')
  })

  test('a migration that the database refuses is P3018, is on record, and blocks the next with P3009', async () => {
    project.write(
      'prisma/migrations/20260102000000_broken/migration.sql',
      'begin;\nselect 1;\nselect nope();\ncommit;\n',
    )
    // On a server only `migrate dev` makes the database.
    await project.prisma(['db', 'push'])
    await database.query('drop table "Note"')
    const output = await fails(['migrate', 'deploy'])
    expect(output).toContain('Error: P3018')
    expect(output).toContain('Migration name: 20260102000000_broken')
    expect(output).toContain('Database error code: 42883')
    expect(output).toContain('ERROR: function nope() does not exist')
    const [row] = await database.query(
      `select finished_at, logs from _prisma_migrations where migration_name = '20260102000000_broken'`,
    )
    expect(row).toMatchObject({ finished_at: null, logs: expect.stringContaining('nope') })

    expect(await fails(['migrate', 'deploy'])).toContain('P3009')
    await project.prisma(['migrate', 'resolve', '--rolled-back', '20260102000000_broken'])
    project.write('prisma/migrations/20260102000000_broken/migration.sql', 'select 1;\n')
    const deployed = await project.prisma(['migrate', 'deploy'])
    expect(deployed, deployed.output).toMatchObject({ status: 0 })
  })

  test('a database that has tables and no history is P3005', async () => {
    await database.query('drop table _prisma_migrations')
    expect(await fails(['migrate', 'deploy'])).toContain('P3005')
  })

  test('a script that the database refuses is shown as the database says it', async () => {
    const { status, output } = await project.prisma(['db', 'execute', '--stdin'], { input: 'select nope()' })
    expect(status).toBe(1)
    expect(output).toContain('ERROR: function nope() does not exist')
  })

  // These never come to a database.
  const withoutDatabase = test.runIf(engine === engines[0])

  withoutDatabase("a panic in the engine shows its text, and is the CLI's to report", async () => {
    const output = await fails(['migrate', 'status'], { FORCE_PANIC_SCHEMA_ENGINE: '1' })
    expect(output).toContain('Error in Schema engine.')
    expect(output).toContain('This is the debugPanic artificial panic')
  })

  withoutDatabase('another database system, and a url that is none, are refused', async () => {
    expect(await fails(['migrate', 'status'], { TEST_URL: 'mysql://a:b@localhost/c' })).toContain(
      'PostgreSQL only',
    )
    expect(await fails(['migrate', 'status'], { TEST_URL: 'postgresql://a:b@localhost:5x/c' })).toContain(
      'P1013',
    )
  })

  test.runIf(engine === 'embedded')('a directory that somebody has open names the holder', async () => {
    const pool = await createEmbeddedPool({ dataDir: join(project.folder, 'data') })
    try {
      const output = await fails(['migrate', 'status'])
      expect(output).toContain('EMBEDDED.LOCKED')
      expect(output).toContain(String(process.pid))
    } finally {
      await pool.end()
    }
  })
})
