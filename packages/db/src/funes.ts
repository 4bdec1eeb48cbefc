import { type FunesOptions, readConfig } from './config.js'
import { createEngine, type TransactionOptions } from './engine/engine.js'
import type { Executor } from './engine/executor.js'
import type { Prisma, PrismaClient } from './engine/prisma.js'
import type { TransactionScope } from './engine/transaction-scope.js'
import { checkHealth, type Health } from './health/health.js'
import { createIndexes, type Indexes } from './indexes/indexes.js'
import { checked } from './input.js'
import type { MemoryContext } from './memories/context.js'
import { type BulkMemories, createBulkMemories } from './memories/load.js'
import { createMemories, type Memories } from './memories/memories.js'
import { applyMigrations, type MigrateResult } from './migrate/migrate.js'
import { createCurrentModel } from './models/current-model.js'
import { createEmbedders } from './models/embedders.js'
import { createModelLifecycle, type ModelLifecycle } from './models/lifecycle.js'
import { createModels, type Models } from './models/models.js'
import { createSessions, type Sessions } from './sessions/sessions.js'
import { transactionOptionsSchema } from './transaction-options.js'
import { createUsers, type Users } from './users/users.js'

/** What can be done inside a transaction, and outside of it too. */
export interface FunesScope {
  /** What is remembered: adding, finding, changing. */
  readonly memories: Memories
  /** What groups memories: conversations, runs, documents. */
  readonly sessions: Sessions
  /** Whose memories they are. */
  readonly users: Users
  /** The encoders whose vectors are kept. */
  readonly models: Models
}

/** A running transaction: what is done through it is kept together or not at all. */
export interface FunesTransaction extends FunesScope {
  /** The generated Prisma client, on the connection of this transaction. */
  readonly prisma: Prisma.TransactionClient
  /**
   * A savepoint: what it did is undone if it throws, and only that.
   *
   * @throws what `work` throws; `TRANSACTION.CLOSED`, `DB.*`
   */
  transaction<T>(work: (tx: FunesTransaction) => Promise<T>): Promise<T>
}

/**
 * A memory that is open, on one database. Every call on it may also throw `CLIENT.CLOSED` after `close`,
 * `DB.NOT_MIGRATED` before `migrate`, and `DB.*` for what happens to the connection.
 */
export interface Funes extends FunesScope {
  /** Which Postgres this is: one in this process, or a server. */
  readonly engine: 'server' | 'embedded'
  /** The generated Prisma client, on the same pool; inside `transaction` it is the transaction's. */
  readonly prisma: PrismaClient
  readonly memories: Memories & BulkMemories
  readonly models: ModelLifecycle
  readonly indexes: Indexes
  /**
   * Brings the database to this release's schema and registers the embedder's model. Safe to call at every start
   * and from many processes at once.
   *
   * @throws `DB.EXTENSION_MISSING`, `DB.EXTENSION_TOO_OLD`, `DB.SERVER_TOO_OLD`, `MIGRATION.*`, `MODEL.CONFLICT`, `DB.*`
   */
  migrate(): Promise<MigrateResult>
  /**
   * Runs `work` in one transaction and rolls everything back if it throws. Calls on `tx`, on this Funes and on
   * its `prisma` all join it, however deep; a nested `transaction` is a savepoint.
   *
   * @throws what `work` throws; `DB.CONFLICT`, `TRANSACTION.TIMEOUT`, `TRANSACTION.CLOSED`, `DB.*`
   */
  transaction<T>(work: (tx: FunesTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Whether Funes works, and what is wrong if not. Never throws. */
  health(): Promise<Health>
  /** Ends all connections, but never a pool that was given. Calling it again does nothing. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a memory.
 *
 * @throws `CONFIG.INVALID`, `EMBEDDED.LOCKED`, `EMBEDDED.DATA_DIR_INVALID`
 * @example
 * const funes = await createFunes()                 // Postgres in this process, in ./.funes
 * const funes = await createFunes({ url, embedder }) // a server
 */
export async function createFunes(options: FunesOptions = {}): Promise<Funes> {
  const config = readConfig(options)
  const engine = await createEngine(config)
  const current = createCurrentModel(engine, config.model, engine.currentTransaction)
  const embedders = createEmbedders(config.model, config.embedder, config.embedders)

  function contextOver(executor: Executor, atomically: MemoryContext['atomically']): MemoryContext {
    const { embedder } = config
    const { maxContentLength } = config.limits
    return {
      executor,
      engine: engine.kind,
      atomically,
      model: current.over(executor),
      embedder,
      embedders,
      maxContentLength,
    }
  }

  function scopeOver(executor: Executor, atomically: MemoryContext['atomically']): FunesScope {
    const context = contextOver(executor, atomically)
    return {
      memories: createMemories(context),
      sessions: createSessions(executor),
      users: createUsers(executor),
      models: createModels(executor, engine.kind),
    }
  }

  function transactionOver(running: TransactionScope): FunesTransaction {
    return {
      ...scopeOver(running, running.nested),
      get prisma() {
        return running.client
      },
      transaction: (work) => running.nested((inner) => work(transactionOver(inner))),
    }
  }

  const scope = scopeOver(engine, engine.transaction)
  const models = createModelLifecycle(engine, current, embedders)

  return {
    ...scope,
    memories: {
      ...scope.memories,
      ...createBulkMemories(contextOver(engine, engine.transaction), engine),
    },
    models,
    indexes: createIndexes(engine, current),
    engine: engine.kind,
    get prisma() {
      return engine.prisma
    },
    async migrate() {
      const result = await applyMigrations(engine.pool)
      if (config.embedder) {
        await models.register({ name: config.embedder.model, dimensions: config.embedder.dimensions })
      }
      return result
    },
    async transaction(work, transactionOptions = {}) {
      checked(transactionOptionsSchema, transactionOptions)
      return engine.transaction((running) => work(transactionOver(running)), transactionOptions)
    },
    health: () => checkHealth(engine, current),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  }
}
