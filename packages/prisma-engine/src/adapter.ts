import { PrismaPg } from '@prisma/adapter-pg'
import { type ColumnType, ColumnTypeEnum, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { isClosed } from './connection-error.js'
import type { Query, Session } from './session.js'

/** The oid of PostgreSQL's internal type "char", of which the catalogue is full. */
const CHAR_OID = 18
const ADVISORY_LOCK = /^\s*select pg_advisory_lock\(/i

export interface AdapterOptions {
  /** The schema of unqualified names; `public` when left out. */
  readonly schema: string | undefined
  /** Hears of scripts that the database refuses. */
  onScriptError(script: string, error: unknown): void
  dispose(): Promise<void>
}

/**
 * Prisma's adapter on a session, mended in what the schema engine needs of it: columns of the type "char", which it
 * refuses to read; scripts, which it cuts at every semicolon, also inside a function's body; and lost connections,
 * for which it has no name.
 */
export async function openAdapter(session: Session, options: AdapterOptions): Promise<SqlDriverAdapter> {
  let lastError: unknown
  let charColumns = new Set<number>()
  const { pool, query } = session
  const mended: Query = async (...args) => {
    try {
      const result = await query(...args)
      charColumns = Array.isArray(result) ? new Set() : showCharsAsText(result)
      return result
    } catch (error) {
      lastError = error
      throw isClosed(error) ? connectionReset(error) : error
    }
  }
  Object.assign(pool, { query: mended })

  const { schema } = options
  const adapter = await new PrismaPg(pool, schema === undefined ? {} : { schema }).connect()
  const queryRaw = adapter.queryRaw.bind(adapter)
  const executeRaw = adapter.executeRaw.bind(adapter)
  const disposeAdapter = adapter.dispose.bind(adapter)
  return Object.assign(adapter, {
    queryRaw: async (request: Parameters<typeof queryRaw>[0]) => {
      const result = await queryRaw(request)
      const columnTypes = result.columnTypes.map(
        (type, i): ColumnType => (charColumns.has(i) ? ColumnTypeEnum.Character : type),
      )
      return { ...result, columnTypes }
    },
    executeRaw: async (request: Parameters<typeof executeRaw>[0]) => {
      // The WebAssembly engine cannot read the environment itself.
      if (process.env.PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK && ADVISORY_LOCK.test(request.sql)) return 0
      return executeRaw(request)
    },
    executeScript: async (script: string) => {
      try {
        // Without parameters this is one simple query, in which PostgreSQL itself finds where statements end.
        await executeRaw({ sql: script, args: [], argTypes: [] })
      } catch (error) {
        options.onScriptError(script, lastError)
        // A script may have died in a transaction of its own, and the failure has yet to be recorded.
        await query('rollback').catch(() => {})
        throw error
      }
    },
    dispose: async () => {
      Object.assign(pool, { query })
      await disposeAdapter()
      await options.dispose()
    },
  })
}

/** Makes "char" columns pass for text, and returns which they are. */
function showCharsAsText(result: pg.QueryResult | undefined): Set<number> {
  const columns = new Set<number>()
  for (const [i, field] of (result?.fields ?? []).entries()) {
    if (field.dataTypeID !== CHAR_OID) continue
    field.dataTypeID = pg.types.builtins.TEXT
    columns.add(i)
  }
  return columns
}

/** The one form of a lost connection that the adapter recognizes. */
function connectionReset(cause: unknown): Error {
  return Object.assign(new Error('Connection terminated', { cause }), {
    code: 'ECONNRESET',
    syscall: 'read',
    errno: -104,
  })
}
