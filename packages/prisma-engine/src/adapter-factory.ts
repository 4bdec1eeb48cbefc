import { randomUUID } from 'node:crypto'
import { createEmbeddedPool } from '@funes/embedded'
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { openAdapter } from './adapter.js'
import { runOnServer } from './databases.js'
import type { ScriptFailure } from './migration-error.js'
import { readTarget, type Target } from './target.js'

/** How long to wait for an embedded database that an engine before this one is still closing. */
const LOCK_PATIENCE_MS = 10_000
const LOCK_RETRY_MS = 100

export interface AdapterFactory extends SqlMigrationAwareDriverAdapterFactory {
  /** Closes everything that is open, shadow databases included. */
  close(): Promise<void>
  /** The script that failed since the last time it was asked. */
  takeFailure(): ScriptFailure | undefined
}

async function openEmbedded(dataDir: string): Promise<pg.Pool> {
  const deadline = Date.now() + LOCK_PATIENCE_MS
  for (;;) {
    try {
      return await createEmbeddedPool({ dataDir })
    } catch (error) {
      if ((error as { code?: string }).code !== 'EMBEDDED.LOCKED' || Date.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS))
  }
}

function openServer(config: pg.ClientConfig): pg.Pool {
  const pool = new pg.Pool({ ...config, max: 1, idleTimeoutMillis: 0 })
  pool.on('error', () => {})
  return pool
}

/**
 * Opens the database and its shadow for the schema engine. The shadow is a PGlite in memory unless
 * `shadowUrl` names a database, or PRISMA_ENGINE_SHADOW=server asks for a temporary one on the server.
 */
export function createAdapterFactory(target: Target | undefined, shadowUrl: string | undefined): AdapterFactory {
  const open = new Set<() => Promise<void>>()

  let failure: ScriptFailure | undefined

  async function adapterOn(pool: pg.Pool, options: { schema?: string | undefined; onShadow?: boolean; after?: () => Promise<void> } = {}) {
    const { schema, onShadow = false, after } = options
    const dispose = async () => {
      if (!open.delete(dispose)) return
      await pool.end()
      await after?.()
    }
    open.add(dispose)
    try {
      return await openAdapter(pool, schema, {
        dispose,
        onScriptError: (script, error) => {
          failure = { script, error, onShadow }
        },
      })
    } catch (error) {
      await dispose()
      throw error
    }
  }

  async function connectTo(where: Target | undefined, onShadow = false): Promise<SqlDriverAdapter> {
    // Without a database (`migrate diff` between files) the engine still asks one for its dialect.
    if (where === undefined) return adapterOn(await createEmbeddedPool())
    if (where.kind === 'embedded') return adapterOn(await openEmbedded(where.dataDir), { onShadow })
    return adapterOn(openServer(where.config), { schema: where.schema, onShadow })
  }

  async function temporaryDatabase(config: pg.ClientConfig): Promise<SqlDriverAdapter> {
    const shadow = { ...config, database: `prisma_migrate_shadow_db_${randomUUID()}` }
    await runOnServer(shadow, (name) => `create database ${name}`)
    const drop = () => runOnServer(shadow, (name) => `drop database if exists ${name} with (force)`)
    return adapterOn(openServer(shadow), { onShadow: true, after: drop })
  }

  return {
    provider: 'postgres',
    adapterName: '@funes/prisma-engine',
    connect: () => connectTo(target),
    async connectToShadowDb() {
      if (shadowUrl !== undefined) return connectTo(readTarget(shadowUrl), true)
      if (target?.kind === 'server' && process.env.PRISMA_ENGINE_SHADOW === 'server') return temporaryDatabase(target.config)
      return adapterOn(await createEmbeddedPool(), { onShadow: true })
    },
    takeFailure() {
      const last = failure
      failure = undefined
      return last
    },
    async close() {
      await Promise.allSettled([...open].map((close) => close()))
    },
  }
}
