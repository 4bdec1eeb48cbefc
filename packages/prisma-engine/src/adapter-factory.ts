import { randomUUID } from 'node:crypto'
import { createEmbeddedPool } from '@funes/embedded'
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { openAdapter } from './adapter.js'
import { runOnServer } from './databases.js'
import { readTarget, type Target } from './target.js'

/** How long to wait for an embedded database that an engine before this one is still closing. */
const LOCK_PATIENCE_MS = 10_000
const LOCK_RETRY_MS = 100

export interface AdapterFactory extends SqlMigrationAwareDriverAdapterFactory {
  /** Closes everything that is open, shadow databases included. */
  close(): Promise<void>
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

  async function adapterOn(pool: pg.Pool, schema: string | undefined, after?: () => Promise<void>): Promise<SqlDriverAdapter> {
    const close = async () => {
      if (!open.delete(close)) return
      await pool.end()
      await after?.()
    }
    open.add(close)
    try {
      return await openAdapter(pool, schema, close)
    } catch (error) {
      await close()
      throw error
    }
  }

  function connectTo(where: Target | undefined): Promise<SqlDriverAdapter> {
    // Without a database (`migrate diff` between files) the engine still asks one for its dialect.
    if (where === undefined) return createEmbeddedPool().then((pool) => adapterOn(pool, undefined))
    if (where.kind === 'embedded') return openEmbedded(where.dataDir).then((pool) => adapterOn(pool, undefined))
    return adapterOn(openServer(where.config), where.schema)
  }

  async function temporaryDatabase(config: pg.ClientConfig): Promise<SqlDriverAdapter> {
    const shadow = { ...config, database: `prisma_migrate_shadow_db_${randomUUID()}` }
    await runOnServer(shadow, (name) => `create database ${name}`)
    const drop = () => runOnServer(shadow, (name) => `drop database if exists ${name} with (force)`)
    return adapterOn(openServer(shadow), undefined, drop)
  }

  return {
    provider: 'postgres',
    adapterName: '@funes/prisma-engine',
    connect: () => connectTo(target),
    async connectToShadowDb() {
      if (shadowUrl !== undefined) return connectTo(readTarget(shadowUrl))
      if (target?.kind === 'server' && process.env.PRISMA_ENGINE_SHADOW === 'server') return temporaryDatabase(target.config)
      return adapterOn(await createEmbeddedPool(), undefined)
    },
    async close() {
      await Promise.allSettled([...open].map((close) => close()))
    },
  }
}
