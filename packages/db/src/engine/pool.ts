import pg from 'pg'
import type { Config } from '../config.js'
import { databaseError } from '../errors/database-error.js'

export interface OpenPool {
  readonly pool: pg.Pool
  readonly kind: 'server' | 'embedded'
  /** Ends the pool, unless it is the caller's own. */
  close(): Promise<void>
}

/** Whether this pool's server is the one in this process. */
function isEmbedded(pool: pg.Pool): boolean {
  return 'dataDir' in pool
}

/** Opens what the configuration asks for: a server's pool, the caller's own, or the embedded engine. */
export async function openPool(config: Config): Promise<OpenPool> {
  const { target, limits } = config
  if (target.kind === 'pool') {
    return { pool: target.pool, kind: isEmbedded(target.pool) ? 'embedded' : 'server', close: async () => {} }
  }
  if (target.kind === 'embedded') {
    // Loaded only here: who uses a server never pays for the WebAssembly.
    const { createEmbeddedPool } = await import('@funes/embedded')
    try {
      const pool = await createEmbeddedPool(target.dataDir === undefined ? {} : { dataDir: target.dataDir })
      pool.options.connectionTimeoutMillis = limits.connectTimeoutMs
      return { pool, kind: 'embedded', close: () => pool.end() }
    } catch (error) {
      throw databaseError(error)
    }
  }
  const pool = new pg.Pool({
    connectionString: target.url,
    application_name: 'funes',
    max: limits.maxConnections,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    idleTimeoutMillis: limits.idleTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    lock_timeout: limits.lockTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionTimeoutMs,
    keepAlive: true,
  })
  // Without a listener an idle connection that the server drops would end the process; the pool replaces it by itself.
  pool.on('error', () => {})
  return { pool, kind: 'server', close: () => pool.end() }
}
