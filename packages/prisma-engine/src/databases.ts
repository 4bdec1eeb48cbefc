import pg from 'pg'
import { connectionError } from './connection-error.js'
import { isKnownError, knownError } from './known-error.js'
import { openSession, type Session } from './session.js'
import type { ServerTarget, Target } from './target.js'

/** The databases from which another can be made, one of which every server has. */
const MAINTENANCE_DATABASES = ['postgres', 'template1', 'defaultdb'] as const

/**
 * Connects and leaves. The embedded database is made when it is opened.
 *
 * @throws as `openSession` does
 */
export async function checkConnection(target: Target): Promise<void> {
  const session = await openSession(target)
  await session.close()
}

/**
 * Makes the database that `target` names, and its schema; returns its name.
 *
 * @throws P1009 when it exists, P3000 when no database can be made from any other, and as `openSession` does
 */
export async function createDatabase(target: Target): Promise<string> {
  if (target.kind === 'embedded') {
    await checkConnection(target)
    return 'postgres'
  }
  const { database } = target.config
  const maintenance = await openMaintenance(target)
  try {
    await maintenance.query(`create database ${pg.escapeIdentifier(database)}`)
  } catch (error) {
    // Two that make it at once meet in the catalogue's unique index.
    const { code } = error as { code?: string }
    if (code !== '42P04' && code !== '23505') throw connectionError(asText(error), target.config)
    throw knownError('P1009', `Database \`${database}\` already exists on the database server`, {
      database_name: database,
    })
  } finally {
    await maintenance.close()
  }
  if (target.schema !== undefined) await createSchema(target, target.schema)
  return database
}

async function createSchema(target: ServerTarget, schema: string): Promise<void> {
  const session = await openSession(target)
  try {
    await session.query(`create schema if not exists ${pg.escapeIdentifier(schema)}`)
  } finally {
    await session.close()
  }
}

/** Drops a database whoever is connected to it. One that is not there is fine. */
export async function dropDatabase(target: ServerTarget): Promise<void> {
  const maintenance = await openMaintenance(target)
  const statement = `drop database if exists ${pg.escapeIdentifier(target.config.database)}`
  try {
    await maintenance.query(`${statement} with (force)`)
  } finally {
    await maintenance.close()
  }
}

async function openMaintenance(target: ServerTarget): Promise<Session> {
  for (const database of MAINTENANCE_DATABASES) {
    try {
      return await openSession({ ...target, config: { ...target.config, database }, schema: undefined })
    } catch (error) {
      if (!isKnownError(error) || (error.code !== 'P1003' && error.code !== 'P1010')) throw error
    }
  }
  const reason =
    'Prisma could not connect to a default database (`postgres` or `template1`), it cannot create the specified database.'
  throw knownError('P3000', `Failed to create database: ${reason}`, { database_error: reason })
}

/** "permission denied to create database" is no denied connection. */
function asText(error: unknown): Error {
  return new Error(`ERROR: ${(error as Error).message}`, { cause: error })
}
