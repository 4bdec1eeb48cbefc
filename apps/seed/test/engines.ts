import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe } from 'vitest'
import { type Database, openDatabase } from '../src/database.js'

const serverUrl = process.env.FUNES_TEST_DATABASE_URL

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

/** Lends the url of an empty database on the test server. */
export async function withServerDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const name = `funes_test_${randomUUID().replaceAll('-', '')}`
  await onServer(`create database ${name}`)
  const url = new URL(serverUrl as string)
  url.pathname = `/${name}`
  return work(url.toString()).finally(() => onServer(`drop database ${name} with (force)`))
}

/** Lends an empty database of the kind asked for. */
export async function withDatabase<T>(
  engine: Database['engine'],
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const open = async (place: { url?: string; dataDir?: string }) => {
    const { signal } = new AbortController()
    const database = await openDatabase(
      { url: undefined, dataDir: undefined, ...place },
      {},
      () => {},
      signal,
    )
    return work(database).finally(() => database.close())
  }
  return engine === 'embedded' ? open({ dataDir: 'memory://' }) : withServerDatabase((url) => open({ url }))
}

export const engines: readonly Database['engine'][] = serverUrl ? ['embedded', 'server'] : ['embedded']

/** Tests that only a server can run; elsewhere they are reported as skipped. */
export const describeOnServer: (title: string, tests: () => void) => void = describe.skipIf(!serverUrl)
