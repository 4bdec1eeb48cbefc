import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { currentCall } from '../engine/call.js'
import { databaseError } from '../errors/database-error.js'
import { funesError, isFunesError } from '../errors/funes-error.js'
import { migrations as shipped } from '../generated/migrations.js'
import {
  createMigrationsTable,
  insertApplied,
  liftTimeouts,
  limitLockWait,
  lockMigrations,
  migrationsTableExists,
  selectApplied,
  selectMigrationHolder,
  selectServerFacts,
} from '../sql/migrations.js'
import { compile, type Statement } from '../sql/statement.js'
import { type Migration, pendingMigrations } from './plan.js'
import { assertRequirements, extensionMissing } from './requirements.js'

/** What `migrate` did. */
export interface MigrateResult {
  /** Names of the migrations applied now; empty when the database was up to date. */
  readonly applied: readonly string[]
}

/** So long another process may be migrating. */
const TURN_WAIT_MS = 600_000
/** So long a migration waits for tables that are in use: everybody else stands in line behind it. */
const TABLE_WAIT_MS = 60_000

async function query<Row>(client: pg.ClientBase, statement: Statement<Row>): Promise<Row[]> {
  const { text, values } = compile(statement)
  const result = await client.query(text, values)
  return result.rows as Row[]
}

async function pending(client: pg.ClientBase): Promise<Migration[]> {
  const [table] = await query(client, migrationsTableExists)
  return pendingMigrations(shipped, table?.exists ? await query(client, selectApplied) : [])
}

/** A migration's error by name: what failed, and what of that is worth a code of its own. */
function migrationFailed(migration: Migration, error: unknown) {
  const translated = databaseError(error)
  if (translated.code === 'DB.PERMISSION_DENIED' && migration.sql.includes('create extension')) {
    return extensionMissing(
      'The pgvector extension is not in this database, and this role may not create it.',
      'As a superuser, run `create extension vector` in this database once; then migrate again.',
      translated,
    )
  }
  if (translated.code === 'DB.UNREACHABLE' || translated.code === 'DB.POOL_EXHAUSTED') return translated
  return funesError('MIGRATION.FAILED', `The migration ${migration.name} failed and was rolled back.`, {
    fix: 'See `cause`; nothing of it was kept, so mend the reason and migrate again.',
    meta: { migration: migration.name, ...translated.meta },
    cause: translated,
  })
}

/** Waits until no other process migrates. */
async function takeTurn(client: pg.ClientBase, turnWaitMs: number): Promise<void> {
  await query(client, limitLockWait(turnWaitMs))
  try {
    await query(client, lockMigrations)
  } catch (error) {
    const failure = databaseError(error)
    if (failure.code !== 'DB.LOCK_TIMEOUT') throw failure
    await client.query('rollback')
    const [holder] = await query(client, selectMigrationHolder)
    const pid = holder?.pid
    throw funesError(
      'DB.LOCK_TIMEOUT',
      `Another process has been migrating this database for longer than ${Math.round(turnWaitMs / 1000)} s${pid === undefined ? '' : `: the server's process ${pid}`}.`,
      { fix: 'Wait for it, or end it, and migrate again.', meta: { pid }, cause: failure },
    )
  }
  await query(client, limitLockWait(TABLE_WAIT_MS))
}

/** Applies the next migration in a transaction of its own, unless another process has just done so. */
async function applyNext(client: pg.ClientBase, turnWaitMs: number): Promise<string | undefined> {
  await client.query('begin')
  try {
    await query(client, liftTimeouts)
    await takeTurn(client, turnWaitMs)
    await query(client, createMigrationsTable)
    const [next] = await pending(client)
    if (next) {
      try {
        // The simple protocol: a migration is many statements, function bodies among them.
        await client.query(next.sql)
        await query(client, insertApplied(randomUUID(), next.name, next.checksum))
      } catch (error) {
        throw migrationFailed(next, error)
      }
    }
    currentCall()?.signal?.throwIfAborted()
    await client.query('commit')
    return next?.name
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/**
 * Brings the database to this release's schema. Each migration is one transaction under the lock that Prisma
 * takes too, so any number of processes may call it at once; `prisma migrate status` agrees afterwards.
 *
 * @param turnWaitMs so long another process may be at it
 * @throws `DB.LOCK_TIMEOUT` naming who is, `DB.SERVER_TOO_OLD`, `DB.EXTENSION_MISSING`, `DB.EXTENSION_TOO_OLD`,
 * `MIGRATION.FAILED`, `MIGRATION.CHANGED`, `MIGRATION.UNFINISHED`, `DB.*`
 */
export async function applyMigrations(pool: pg.Pool, turnWaitMs = TURN_WAIT_MS): Promise<MigrateResult> {
  const applied: string[] = []
  let client: pg.PoolClient | undefined
  try {
    client = await pool.connect()
    const [facts] = await query(client, selectServerFacts)
    if (facts) assertRequirements(facts)
    // Nothing to do is the common case, and takes no lock and no right to create anything.
    while ((await pending(client)).length > 0) {
      currentCall()?.signal?.throwIfAborted()
      const name = await applyNext(client, turnWaitMs)
      if (name !== undefined) applied.push(name)
    }
    client.release()
    return { applied }
  } catch (error) {
    client?.release(isFunesError(error) ? undefined : (error as Error))
    throw databaseError(error)
  }
}

/** Names of the shipped migrations that the database lacks. */
export async function pendingMigrationNames(pool: pg.Pool): Promise<string[]> {
  const client = await pool.connect()
  try {
    return (await pending(client)).map((migration) => migration.name)
  } finally {
    client.release()
  }
}
