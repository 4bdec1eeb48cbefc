import { type ColumnType, ColumnTypeEnum, type SqlDriverAdapter, type SqlQuery } from '@prisma/driver-adapter-utils'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'

/** The oid of PostgreSQL's internal type "char", of which the catalogue is full. */
const CHAR_OID = 18
const TEXT_OID = 25

interface MutableField {
  dataTypeID: number
}

/** What adapter-pg's classes have inside, as far as it is mended here. */
interface AdapterInternals {
  client: pg.Pool
  onError(error: unknown): never
}

export interface AdapterHooks {
  onScriptError(script: string, error: Partial<pg.DatabaseError>): void
  dispose(): Promise<void>
}

/**
 * Opens Prisma's adapter on `pool` and mends two things that the schema engine needs of it: columns of the type
 * "char", which it refuses to read, and scripts, which it cuts at every semicolon, also inside function bodies.
 * `hooks` hear of scripts that fail, and end the pool.
 */
export async function openAdapter(pool: pg.Pool, schema: string | undefined, hooks: AdapterHooks): Promise<SqlDriverAdapter> {
  const factory = new PrismaPg(pool, { disposeExternalPool: false, ...(schema !== undefined && { schema }) })
  const adapter = await factory.connect()
  const internals = adapter as unknown as AdapterInternals
  const charColumns = readCharsAsText(internals)

  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (query: SqlQuery) => {
    charColumns.clear()
    const result = await queryRaw(query)
    const columnTypes = result.columnTypes.map((type, i): ColumnType => (charColumns.has(i) ? ColumnTypeEnum.Character : type))
    return { ...result, columnTypes }
  }
  adapter.executeScript = async (script) => {
    try {
      // One simple query, so PostgreSQL itself finds where statements end.
      await pool.query(script)
    } catch (error) {
      hooks.onScriptError(script, error as Partial<pg.DatabaseError>)
      internals.onError(error)
    }
  }
  adapter.dispose = hooks.dispose
  return adapter
}

/** Makes "char" columns look like text to the adapter, and notes which they were. */
function readCharsAsText(internals: AdapterInternals): Set<number> {
  const columns = new Set<number>()
  const pool = internals.client
  internals.client = new Proxy(pool, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (key !== 'query') return typeof value === 'function' ? value.bind(target) : value
      return async (...args: Parameters<pg.Pool['query']>) => {
        const result = (await target.query(...args)) as unknown as pg.QueryResult | undefined
        for (const [i, field] of (result?.fields ?? []).entries()) {
          if (field.dataTypeID !== CHAR_OID) continue
          ;(field as MutableField).dataTypeID = TEXT_OID
          columns.add(i)
        }
        return result
      }
    },
  })
  return columns
}
