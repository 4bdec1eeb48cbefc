import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createFunes } from '../../packages/db/dist/index.js'
import { capture } from '../child-process.mjs'
import { toolEnvironment } from '../run/environment.mjs'

const PRISMA = 'node_modules/prisma/build/index.js'
const MIGRATIONS = 'prisma/migrations'
const NOT_INHERITED =
  /^(DATABASE_URL|SHADOW_DATABASE_URL|FUNES_|PRISMA_SCHEMA_ENGINE_BINARY|PRISMA_ENGINE_SHADOW)/

function prismaOn(database) {
  const inherited = Object.entries(toolEnvironment()).filter(([name]) => !NOT_INHERITED.test(name))
  const env = { ...Object.fromEntries(inherited), ...database.environment }
  return (...args) => capture(process.execPath, [PRISMA, 'migrate', ...args], { env })
}

async function migrate({ options }) {
  const funes = await createFunes(options)
  try {
    await funes.migrate()
  } finally {
    await funes.close()
  }
}

/** Fails when `work` leaves another set of migrations than it found, and removes what it added. */
async function withoutNewMigrations(work) {
  const before = readdirSync(MIGRATIONS)
  try {
    await work()
  } finally {
    const added = readdirSync(MIGRATIONS).filter((name) => !before.includes(name))
    for (const name of added) rmSync(join(MIGRATIONS, name), { recursive: true })
    deepEqual(added, [], `prisma migrate dev wrote a migration: ${added}`)
  }
}

/**
 * Runs every check on one empty database; `report` receives a line for each that holds.
 * @throws AssertionError or CommandError, with what Prisma printed, at the first that does not
 */
export async function checkDrift(database, report) {
  const prisma = prismaOn(database)

  // Exits with 2 on a difference.
  const sides = ['--from-migrations', MIGRATIONS, '--to-schema', 'prisma/schema.prisma']
  await prisma('diff', ...sides, '--exit-code')
  report('the migrations make what schema.prisma says')

  await migrate(database)
  match(await prisma('status'), /Database schema is up to date/)
  match(await prisma('deploy'), /No pending migrations to apply/)
  report('after funes.migrate(), prisma migrate status is up to date and deploy has nothing to apply')

  const indexes = await database.hnswIndexes()
  notEqual(indexes.length, 0, 'The migrations made no HNSW index.')
  await withoutNewMigrations(async () => match(await prisma('dev'), /Already in sync/))
  deepEqual(await database.hnswIndexes(), indexes, 'prisma migrate dev changed the HNSW indexes.')
  report(`prisma migrate dev finds nothing to do and leaves ${indexes.length} HNSW index(es) alone`)

  await migrate(database)
  equal((await database.hnswIndexes()).length, indexes.length)
  match(await prisma('status'), /Database schema is up to date/)
  report('funes.migrate() again changes nothing')
}
