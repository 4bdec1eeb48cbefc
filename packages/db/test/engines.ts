import { randomUUID } from 'node:crypto'
import { createEmbeddedPool } from '@funes/embedded'
import pg from 'pg'
import { afterAll, beforeAll, describe } from 'vitest'
import { createFunes, type Funes, type FunesOptions } from '../src/index.js'

/** A database of a test file's own, migrated, and a Funes on it. */
export interface TestDatabase {
  readonly engine: 'embedded' | 'server'
  readonly funes: Funes
  readonly pool: pg.Pool
  /** The server's url of this database; undefined on the embedded engine. */
  readonly url: string | undefined
  /** Another Funes on the same database. */
  open(options?: FunesOptions): Promise<Funes>
  drop(): Promise<void>
}

const serverUrl = process.env.FUNES_TEST_DATABASE_URL

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** An empty database on the test server, and how to remove it. */
export async function emptyServerDatabase(): Promise<{ url: string; drop: () => Promise<unknown> }> {
  const name = `funes_test_${randomUUID().replaceAll('-', '')}`
  await onServer((client) => client.query(`create database ${name}`))
  const url = new URL(serverUrl as string)
  url.pathname = `/${name}`
  return {
    url: url.toString(),
    drop: () => onServer((client) => client.query(`drop database ${name} with (force)`)),
  }
}

/** An empty database of the kind asked for, with a pool on it. */
export async function emptyDatabase(engine: TestDatabase['engine']) {
  if (engine === 'embedded') {
    const pool = await createEmbeddedPool()
    return { pool: pool as pg.Pool, url: undefined, drop: async () => pool.end() }
  }
  const { url, drop } = await emptyServerDatabase()
  const pool = new pg.Pool({ connectionString: url, max: 12 })
  pool.on('error', () => {})
  return {
    pool,
    url,
    drop: async () => {
      await pool.end()
      await drop()
    },
  }
}

async function createTestDatabase(
  engine: TestDatabase['engine'],
  options: FunesOptions,
): Promise<TestDatabase> {
  const { pool, url, drop } = await emptyDatabase(engine)
  const funes = await createFunes({ ...options, pool })
  await funes.migrate()
  return { engine, funes, pool, url, open: (more = {}) => createFunes({ pool, ...more }), drop }
}

export const engines: readonly TestDatabase['engine'][] = serverUrl ? ['embedded', 'server'] : ['embedded']

/** Runs the same tests on every engine at hand: PGlite always, a server where FUNES_TEST_DATABASE_URL names one. */
export function onEveryEngine(
  title: string,
  tests: (db: () => TestDatabase) => void,
  options: FunesOptions = {},
): void {
  describe.each(engines)(`${title} (%s)`, (engine) => {
    let database: TestDatabase
    beforeAll(async () => {
      database = await createTestDatabase(engine, options)
    })
    afterAll(async () => {
      await database?.funes.close()
      await database?.drop()
    })
    tests(() => database)
  })
}

/** Tests that only a server can run; elsewhere they are reported as skipped. */
export function describeOnServer(title: string, tests: () => void): void {
  describe.skipIf(!serverUrl)(title, tests)
}
