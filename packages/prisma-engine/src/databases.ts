import pg from 'pg'
import { connectionError, type KnownError } from './connection-error.js'
import type { Target } from './target.js'

/** The database that every server has, from which others are made and dropped. */
const MAINTENANCE_DATABASE = 'postgres'

async function connected(config: pg.ClientConfig, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(config)
  client.on('error', () => {})
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

async function attempt(config: pg.ClientConfig, action: () => Promise<void>): Promise<KnownError | undefined> {
  try {
    await action()
    return undefined
  } catch (error) {
    return connectionError(error, config)
  }
}

/** Connects and leaves. The embedded database is made when it is opened, so it can always be connected to. */
export async function canConnect(target: Target): Promise<KnownError | undefined> {
  if (target.kind === 'embedded') return undefined
  return attempt(target.config, () => connected(target.config, async () => {}))
}

export async function createDatabase(target: Target): Promise<KnownError | undefined> {
  if (target.kind === 'embedded') return undefined
  const { config } = target
  return attempt(config, () => runOnServer(config, (name) => `create database ${name}`))
}

export async function dropDatabase(target: Target): Promise<KnownError | undefined> {
  if (target.kind === 'embedded') return undefined
  const { config } = target
  return attempt(config, () => runOnServer(config, (name) => `drop database ${name} with (force)`))
}

/** Runs a statement about the database `config` names, from outside of it. */
export function runOnServer(config: pg.ClientConfig, statement: (name: string) => string): Promise<void> {
  const { options: _searchPath, ...rest } = config
  const name = pg.escapeIdentifier(config.database ?? '')
  return connected({ ...rest, database: MAINTENANCE_DATABASE }, (client) => client.query(statement(name)))
}
