import pg from 'pg'
import type { Config } from '../config.js'
import { databaseError } from '../errors/database-error.js'

export interface OpenPool {
  readonly pool: pg.Pool
  readonly kind: 'server' | 'embedded'
  /** Whether nobody else uses it. */
  readonly isOwn: boolean
  /** Whether the server ends a statement that takes too long. */
  isLimitedByServer(): boolean
  /** Asks for less of new connections, where `failure` says that one was refused for what it asked; answers whether it did. */
  relax(failure: unknown): boolean
  /** Ends the pool, unless it is the caller's own. */
  close(): Promise<void>
}

/** Whether this pool's server is the one in this process. */
export function isEmbedded(pool: pg.Pool): boolean {
  return 'dataDir' in pool
}

/** What a connection asks of its server when it is opened, and a pooler between them may refuse. */
const STARTUP_LIMITS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'] as const

/** Whether a connection was refused as a pooler does not let startup parameters through. */
function isRefusedParameter(failure: unknown): boolean {
  return /unsupported startup parameter/i.test((failure as Error | null)?.message ?? '')
}

const asItIs = { isLimitedByServer: () => true, relax: () => false }

function callersPool(pool: pg.Pool): OpenPool {
  const isInProcess = isEmbedded(pool)
  return {
    ...asItIs,
    pool,
    kind: isInProcess ? 'embedded' : 'server',
    isOwn: false,
    // What it may have been told is not known: statements are ended from here.
    isLimitedByServer: () => isInProcess,
    close: async () => {},
  }
}

function serverPool(url: string, limits: Config['limits']): OpenPool {
  class Client extends pg.Client {
    constructor(options: pg.ClientConfig) {
      // Opening a connection has a limit of its own; how long one is waited for is the gate's.
      super({ ...options, connectionTimeoutMillis: limits.connectTimeoutMs })
    }
  }
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'funes',
    max: limits.maxConnections,
    idleTimeoutMillis: limits.idleTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    lock_timeout: limits.lockTimeoutMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionTimeoutMs,
    keepAlive: true,
    Client: Client as unknown as new () => pg.ClientBase,
  })
  const options: pg.PoolConfig = pool.options
  let isLimitedByServer = true
  return {
    pool,
    kind: 'server',
    isOwn: true,
    isLimitedByServer: () => isLimitedByServer,
    relax(failure) {
      if (!isRefusedParameter(failure)) return false
      for (const limit of STARTUP_LIMITS) delete options[limit]
      isLimitedByServer = false
      return true
    },
    close: () => pool.end(),
  }
}

/** Opens what the configuration asks for: a server's pool, the caller's own, or the embedded engine. */
export async function openPool(config: Config): Promise<OpenPool> {
  const { target, limits } = config
  if (target.kind === 'server') return serverPool(target.url, limits)
  if (target.kind === 'pool') return callersPool(target.pool)
  // Loaded only here: who uses a server never pays for the WebAssembly.
  const { createEmbeddedPool } = await import('@funes/embedded')
  try {
    const pool = await createEmbeddedPool(target.dataDir === undefined ? {} : { dataDir: target.dataDir })
    return { ...asItIs, pool, kind: 'embedded', isOwn: true, close: () => pool.end() }
  } catch (error) {
    throw databaseError(error)
  }
}
