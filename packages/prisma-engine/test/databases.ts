import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createEmbeddedPool } from '@funes/embedded'
import pg from 'pg'
import { createProject, type Project } from './project.js'

/** The superuser's url of a server to test on, if there is one. */
export const serverUrl = process.env.FUNES_TEST_DATABASE_URL

export const engines = serverUrl === undefined ? (['embedded'] as const) : (['embedded', 'server'] as const)

/** A database of its own for a project, and a way to look into it when no engine is at it. */
export interface TestDatabase {
  readonly project: Project
  readonly url: string
  query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]>
  drop(): Promise<void>
}

/** `url` with another database, user or password. */
export function variant(
  url: string,
  change: Partial<Pick<URL, 'pathname' | 'username' | 'password'>>,
): string {
  return Object.assign(new URL(url), change).href
}

/** Runs SQL on the test server. */
export async function onServer<Row extends pg.QueryResultRow>(sql: string, url = serverUrl): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

/** A project on a database that does not exist yet. */
export function createTestDatabase(engine: (typeof engines)[number], schema: string): TestDatabase {
  if (engine === 'server') return createServerDatabase(schema)
  const url = 'postgresql://embedded/test'
  const project = createProject({ TEST_URL: url }, schema)
  return {
    project,
    url,
    async query(sql) {
      const pool = await createEmbeddedPool({ dataDir: join(project.folder, 'data') })
      try {
        return (await pool.query(sql)).rows
      } finally {
        await pool.end()
      }
    },
    drop: async () => project.remove(),
  }
}

function createServerDatabase(schema: string): TestDatabase {
  const name = `funes_engine_${randomUUID().replaceAll('-', '')}`
  const url = variant(serverUrl as string, { pathname: `/${name}` })
  const project = createProject({ TEST_URL: url }, schema)
  return {
    project,
    url,
    query: (sql) => onServer(sql, url),
    async drop() {
      project.remove()
      await onServer(`drop database if exists ${name} with (force)`)
    },
  }
}
