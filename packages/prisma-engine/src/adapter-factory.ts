import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { openAdapter } from './adapter.js'
import type { ScriptFailure } from './migration-error.js'
import { createScratchDatabase } from './scratch-database.js'
import { openSession, type Session, setSearchPath } from './session.js'
import { openNamedShadow, openTemporaryShadow } from './shadow-database.js'
import { readTarget, type Target } from './target.js'

export interface FactoryOptions {
  /** The database to work on; undefined for work that needs none, like a diff between files. */
  readonly target: Target | undefined
  readonly url: string | undefined
  readonly shadowUrl: string | undefined
  /** The schemas that the Prisma schema lists. */
  readonly namespaces: readonly string[]
}

/** What went wrong on the way to an answer, which the engine's own error only hints at. */
interface Failure {
  /** A database that could not be opened. */
  readonly connection?: Error
  readonly script?: ScriptFailure
}

export interface AdapterFactory extends SqlMigrationAwareDriverAdapterFactory {
  /** The last failure since it was asked. */
  takeFailure(): Failure | undefined
  /** Ends every session, and drops a temporary shadow database. */
  close(): Promise<void>
}

type ShadowKind = 'memory' | 'server'

function shadowKind(): ShadowKind {
  const kind = process.env.PRISMA_ENGINE_SHADOW || 'memory'
  if (kind === 'memory' || kind === 'server') return kind
  throw new Error(`PRISMA_ENGINE_SHADOW is "${kind}". It may be "memory" or "server".`)
}

/** Opens the database and its shadows for the schema engine. */
export function createAdapterFactory(options: FactoryOptions): AdapterFactory {
  const { target, url, shadowUrl, namespaces } = options
  const scratch = createScratchDatabase()
  const closers = new Set<() => Promise<void>>()
  // Also what is still being opened has to be closed.
  const opening = new Set<Promise<unknown>>()
  let main: Session | undefined
  let failure: Failure | undefined

  async function adapterOn(session: Session, schema: string | undefined): Promise<SqlDriverAdapter> {
    let closing: Promise<void> | undefined
    const dispose = () => {
      closers.delete(dispose)
      closing ??= session.close()
      return closing
    }
    closers.add(dispose)
    return openAdapter(session, {
      schema,
      dispose,
      onScriptError: (script, error) => {
        failure = { script: { script, error } }
      },
    })
  }

  async function connect(): Promise<SqlDriverAdapter> {
    if (target === undefined) {
      // The engine only asks this one for its version, so the shadow may be in it at the same time.
      return adapterOn({ ...(await scratch.current()), close: async () => {} }, undefined)
    }
    main = await openSession(target)
    return adapterOn(main, target.schema)
  }

  async function connectToShadowDb(): Promise<SqlDriverAdapter> {
    if (shadowUrl !== undefined) {
      if (shadowUrl === url) throw new Error(SAME_DATABASE)
      const shadow = readTarget(shadowUrl)
      if (shadow.kind === 'server') return adapterOn(await openNamedShadow(shadow, namespaces), shadow.schema)
    } else if (target?.kind === 'server' && shadowKind() === 'server') {
      return adapterOn(await openTemporaryShadow(target), target.schema)
    }
    const session = await scratch.borrow(await rolesOf(main))
    if (target?.schema !== undefined) await session.query(setSearchPath(target.schema))
    return adapterOn(session, target?.schema)
  }

  async function tracked(open: () => Promise<SqlDriverAdapter>): Promise<SqlDriverAdapter> {
    const attempt = open()
    opening.add(attempt)
    try {
      return await attempt
    } catch (error) {
      failure = { connection: error as Error }
      throw error
    } finally {
      opening.delete(attempt)
    }
  }

  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => tracked(connect),
    connectToShadowDb: () => tracked(connectToShadowDb),
    takeFailure() {
      const last = failure
      failure = undefined
      return last
    },
    async close() {
      await Promise.allSettled(opening)
      await Promise.allSettled([...closers].map((close) => close()))
      await scratch.close()
    },
  }
}

const SAME_DATABASE =
  'The shadow database you configured appears to be the same as the main database. Please specify another shadow database.'

/** The roles that migrations may speak of (grants, policies, owners): a shadow elsewhere has them not. */
async function rolesOf(main: Session | undefined): Promise<string[]> {
  if (main === undefined) return []
  const { rows } = await main.pool.query<{ name: string }>(
    `select quote_ident(rolname) as name from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres'`,
  )
  return rows.map(({ name }) => name)
}
