import { randomUUID } from 'node:crypto'
import { createDatabase, dropDatabase } from './databases.js'
import { isKnownError, knownError } from './known-error.js'
import { emptySchema, recreateSchema } from './schema-sql.js'
import { openSession, type Session } from './session.js'
import type { ServerTarget, Target } from './target.js'

/**
 * Opens the database that `shadowDatabaseUrl` names, and empties its schemas as the native engine does.
 *
 * @param namespaces the schemas that the Prisma schema lists; when there are none, the one of the url
 */
export async function openNamedShadow(target: Target, namespaces: readonly string[]): Promise<Session> {
  const session = await openSession(target)
  try {
    const schemas = namespaces.length > 0 ? namespaces : [target.schema ?? 'public']
    for (const schema of schemas) {
      await session.query(recreateSchema(schema)).catch(() => session.query(emptySchema(schema)))
    }
    await session.query('drop table if exists _prisma_migrations')
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

/**
 * Makes a database of its own for the shadow on the server of `target`; closing it drops it.
 *
 * @throws P3014 when it cannot be made
 */
export async function openTemporaryShadow(target: ServerTarget): Promise<Session> {
  const shadow = {
    ...target,
    config: { ...target.config, database: `prisma_migrate_shadow_db_${randomUUID()}` },
  }
  try {
    await createDatabase(shadow)
  } catch (error) {
    throw notCreated(error as Error)
  }
  try {
    const session = await openSession(shadow)
    return {
      ...session,
      close: async () => {
        await session.close()
        await dropDatabase(shadow)
      },
    }
  } catch (error) {
    await dropDatabase(shadow)
    throw error
  }
}

function notCreated(inner: Error): Error {
  const known = isKnownError(inner)
  const { message } = inner
  return knownError(
    'P3014',
    'Prisma Migrate could not create the shadow database. Please make sure the database user has permission to create ' +
      'databases. Read more about the shadow database (and workarounds) at https://pris.ly/d/migrate-shadow\n\n' +
      `Original error: ${known ? `Error code: ${inner.code}\n` : ''}\n${message}`,
    {
      inner_error: known
        ? { is_panic: false, message, meta: inner.meta, error_code: inner.code }
        : { is_panic: false, message, backtrace: null },
    },
  )
}
