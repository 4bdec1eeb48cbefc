import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, engines } from './databases.js'
import { MEMORIES, MEMORIES_SQL } from './schemas.js'

const INDEXES = `select indexname from pg_indexes where indexname = 'memory_hnsw'`

describe.each(engines)('the Prisma CLI on the %s database', (engine) => {
  const database = createTestDatabase(engine, MEMORIES)
  const { project } = database
  beforeAll(() => project.migration('20260101000000_init', MEMORIES_SQL))
  afterAll(database.drop)
  // What asks no database is the same beside any.
  const withoutDatabase = test.runIf(engine === engines[0])

  const succeeds = async (args: string[], input?: string) => {
    const outcome = await project.prisma(args, input === undefined ? {} : { input })
    expect(outcome, outcome.output).toMatchObject({ status: 0 })
    return outcome.output
  }

  withoutDatabase('validate and generate need no database', async () => {
    expect(await succeeds(['validate'])).toContain('is valid')
    project.write(
      'prisma/schema.prisma',
      `${MEMORIES}\ngenerator client {\n provider = "prisma-client"\n output = "../client"\n}\n`,
    )
    expect(await succeeds(['generate'])).toContain('Generated Prisma Client')
    expect(project.read('client/client.ts')).toContain('Memory')
    project.write('prisma/schema.prisma', MEMORIES)
  })

  withoutDatabase('migrate diff compares files, a migration with its schema included', async () => {
    const script = await succeeds([
      'migrate',
      'diff',
      '--from-empty',
      '--to-schema',
      'prisma/schema.prisma',
      '--script',
    ])
    expect(script).toContain('CREATE TABLE "Memory"')
    const sides = [
      '--from-migrations',
      'prisma/migrations',
      '--to-schema',
      'prisma/schema.prisma',
      '--exit-code',
    ]
    expect(await succeeds(['migrate', 'diff', ...sides])).toContain('No difference detected')
  })

  test('migrate dev makes the database, applies what there is and finds nothing to do', async () => {
    const output = await succeeds(['migrate', 'dev', '--name', 'x'])
    expect(output).toContain('20260101000000_init')
    expect(output).toContain('Your database is now in sync')
    expect(await succeeds(['migrate', 'dev', '--name', 'x'])).toContain('Already in sync')
    expect(project.migrations()).toEqual(['20260101000000_init'])
    expect(await database.query(INDEXES)).toHaveLength(1)
    expect(await database.query(`select count_words(' a b c ')`)).toEqual([{ count_words: 3 }])
  })

  test('migrate dev writes a migration for a change, and leaves the index on an expression alone', async () => {
    project.write(
      'prisma/schema.prisma',
      MEMORIES.replace('content   String', 'content   String\n  note      String?'),
    )
    await succeeds(['migrate', 'dev', '--name', 'note'])
    const [, added] = project.migrations()
    expect(added).toMatch(/_note$/)
    expect(project.read(`prisma/migrations/${added}/migration.sql`).trim()).toBe(
      '-- AlterTable\nALTER TABLE "Memory" ADD COLUMN     "note" TEXT;',
    )
    expect(await database.query(INDEXES)).toHaveLength(1)
    expect(await succeeds(['migrate', 'status'])).toContain('Database schema is up to date')
  })

  test('db pull reads the database, db execute writes it, and a difference is exit code 2', async () => {
    expect(await succeeds(['db', 'pull', '--print'])).toMatch(/note\s+String\?/)
    const script = `do $$ begin perform 1; perform 2; end $$; alter table "Memory" add column extra integer;`
    expect(await succeeds(['db', 'execute', '--stdin'], script)).toContain('Script executed successfully')
    const diff = await project.prisma([
      ...[
        'migrate',
        'diff',
        '--from-config-datasource',
        '--to-schema',
        'prisma/schema.prisma',
        '--script',
        '--exit-code',
      ],
    ])
    expect(diff.status).toBe(2)
    expect(diff.output).toContain('DROP COLUMN "extra"')
    const drift = await project.prisma(['migrate', 'dev'])
    expect(drift.output).toContain('Drift detected')
  })

  test('db push brings the database to the schema', async () => {
    expect(await succeeds(['db', 'push', '--accept-data-loss'])).toContain('in sync with your Prisma schema')
    expect(await succeeds(['db', 'push'])).toContain('already in sync')
  })

  test('migrate reset begins anew', async () => {
    await database.query(`insert into "Memory" (content) values ('forget me')`)
    expect(await succeeds(['migrate', 'reset', '--force'])).toContain('Database reset successful')
    expect(await database.query('select * from "Memory"')).toEqual([])
    expect(await database.query(INDEXES)).toHaveLength(1)
    expect(await succeeds(['migrate', 'deploy'])).toContain('No pending migrations')
  })

  test('a schema of its own, named in the url, is made, used and compared', async () => {
    project.write(
      'prisma/migrations/20260101000000_init/migration.sql',
      'create table "Note" ("id" integer primary key);\n',
    )
    for (const name of project.migrations().slice(1)) {
      project.write(`prisma/migrations/${name}/migration.sql`, 'select 1;\n')
    }
    project.write(
      'prisma/schema.prisma',
      'datasource db {\n provider = "postgresql"\n}\nmodel Note {\n id Int @id\n}\n',
    )
    const mark = database.url.includes('?') ? '&' : '?'
    const env = { TEST_URL: `${database.url}${mark}schema=agents` }
    const dev = await project.prisma(['migrate', 'dev', '--name', 'x'], { env })
    expect(dev, dev.output).toMatchObject({ status: 0 })
    expect(dev.output).toContain('Your database is now in sync')
    const again = await project.prisma(['migrate', 'dev', '--name', 'x'], { env })
    expect(again.output).toContain('Already in sync')
    const tables = await database.query(
      `select schemaname as s from pg_tables where tablename in ('Note', '_prisma_migrations')`,
    )
    expect(tables.map((row) => row.s).sort()).toEqual(['agents', 'agents', 'public'])
  })
})
