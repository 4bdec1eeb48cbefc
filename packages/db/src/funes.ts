import { createArchive } from './archive/archive.js'
import type { Archive } from './archive/types.js'
import type { CallOptions } from './call-options.js'
import { createCalls } from './calls.js'
import { type FunesOptions, readConfig } from './config.js'
import { examineDatabase, type RunDoctor } from './doctor/doctor.js'
import type { CloseOptions } from './engine/closing.js'
import { createEngine, type TransactionOptions } from './engine/engine.js'
import type { Executor } from './engine/executor.js'
import type { PoolStats } from './engine/held.js'
import type { Prisma, PrismaClient } from './engine/prisma.js'
import type { TransactionScope } from './engine/transaction-scope.js'
import { checkHealth, type Health } from './health/health.js'
import { createIndexes, type Indexes } from './indexes/indexes.js'
import { checked } from './input.js'
import { createLifecycle, type Lifecycle } from './lifecycle/lifecycle.js'
import { createPurge, type PurgeUser } from './lifecycle/purge.js'
import type { MemoryContext } from './memories/context.js'
import { type BulkMemories, createBulkMemories } from './memories/load.js'
import { createMemories, type Memories } from './memories/memories.js'
import { applyMigrations, type MigrateResult } from './migrate/migrate.js'
import { createCurrentModel } from './models/current-model.js'
import { createEmbedders } from './models/embedders.js'
import { createModelLifecycle, type ModelLifecycle } from './models/lifecycle.js'
import { createModels, type Models } from './models/models.js'
import { createSessions, type Sessions } from './sessions/sessions.js'
import { createOpenScope, type OpenScope } from './tenancy/as.js'
import { createTenancy, type Tenancy } from './tenancy/tenancy.js'
import { createTools, type Tools } from './tools/tools.js'
import { createToolUsage, type ToolUsage } from './tools/usage/usage.js'
import { closeOptionsSchema, transactionOptionsSchema } from './transaction-options.js'
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
  /** What agents may call: a registry, searched by what is to be done. */
  readonly tools: Tools
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
  readonly tools: Tools & ToolUsage
  readonly indexes: Indexes
  /** Everything in one file, and back. */
  readonly archive: Archive
  /** What becomes of memories in time: sweeping up what has expired, forgetting what has faded. */
  readonly lifecycle: Lifecycle
  /**
   * Removes everything of a user, batch by batch: memories with vectors, history and counters, sessions, usage of tools, and
   * the user. Stopped or killed, the next call finishes it; called off once the user is gone, it still answers with the receipt. What is stored for the user meanwhile is removed too, or fails,
   * or comes after the purge and makes the user anew; usages of tools that were recorded before and are still queued, here or in
   * any other process, are not stored. Totals of usage are counted anew without the user. Every table that has a column
   * `user_id` is then looked through, those that are not of Funes too, which are reported and left as they are. Backups,
   * replicas and the write-ahead log are out of its reach.
   *
   * @throws `PURGE.INCOMPLETE`, `PURGE.HIDDEN`, `INPUT.INVALID`, `DB.LOCK_TIMEOUT`, `TRANSACTION.NOT_ALLOWED`
   * @example
   * const { removed, left, digest } = await funes.purge({ userId: 'ada', vacuum: true })
   */
  readonly purge: PurgeUser
  /** The same for one user or one tenant only: `funes.as({ userId })`, `funes.as({ tenantId })`. */
  readonly as: OpenScope
  /** Row-level security: on, off, and whose tenant a user is. */
  readonly tenancy: Tenancy
  /**
   * Brings the database to this release's schema and registers the embedder's model. Safe to call at every start
   * and from many processes at once.
   *
   * Called off, it keeps the migrations that it has applied, and none by half.
   *
   * @throws `DB.EXTENSION_MISSING`, `DB.EXTENSION_TOO_OLD`, `DB.SERVER_TOO_OLD`, `MIGRATION.*`, `MODEL.CONFLICT`,
   * `DB.LOCK_TIMEOUT` when another process migrates for longer than ten minutes, `DB.*`
   */
  migrate(options?: CallOptions): Promise<MigrateResult>
  /**
   * Runs `work` in one transaction and rolls everything back if it throws. Calls on `tx`, on this Funes and on
   * its `prisma` all join it, however deep; a nested `transaction` is a savepoint. `work` runs again when the transaction
   * collided with another or lost its connection, unless `retry` says otherwise: nothing of the run before was kept.
   *
   * @throws what `work` throws; `DB.CONFLICT`, `TRANSACTION.TIMEOUT`, `TRANSACTION.CLOSED`, `TRANSACTION.UNKNOWN`,
   * `CALL.ABORTED`, `DB.*`
   */
  transaction<T>(work: (tx: FunesTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /**
   * Whether Funes works, and what is wrong if not: that is in the answer, never thrown.
   *
   * @throws `CALL.*`
   */
  health(options?: CallOptions): Promise<Health>
  /**
   * Looks at everything that Funes depends on, and says of each whether it is well, or how it is mended. What it finds wrong
   * is in the report, never thrown. It takes a second or so; `health` is the quick one.
   *
   * @throws `TRANSACTION.NOT_ALLOWED`, `CALL.*`
   */
  readonly doctor: RunDoctor
  /** Who has the connections, and who waits for one. */
  readonly pool: PoolStats
  /**
   * Waits for the calls that are running, then ends all connections, those of calls that are late too, but never a pool that
   * was given. Calling it again does nothing.
   *
   * @throws `INPUT.INVALID`
   */
  close(options?: CloseOptions): Promise<void>
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
  const calls = createCalls(engine)
  const current = createCurrentModel(engine, config.model, engine.currentTransaction)
  const embedders = createEmbedders(config.model, config.embedder, config.embedders)

  function contextOver(
    executor: Executor,
    atomically: MemoryContext['atomically'],
    { asks = executor, isConfined = false } = {},
  ): MemoryContext {
    const { embedder } = config
    const { maxContentLength } = config.limits
    return {
      executor,
      engine: engine.kind,
      atomically,
      model: current.over(asks),
      embedder,
      embedders,
      maxContentLength,
      retry: engine.retry,
      isConfined,
    }
  }

  function scopeOver(
    executor: Executor,
    atomically: MemoryContext['atomically'],
    confinement: { asks?: Executor; isConfined?: boolean } = {},
  ): FunesScope {
    const context = contextOver(executor, atomically, confinement)
    return {
      memories: calls.over('memories', createMemories(context)),
      sessions: calls.over('sessions', createSessions(executor)),
      users: calls.over('users', createUsers(executor)),
      models: calls.over('models', createModels(executor, engine.kind)),
      tools: createTools(context, calls),
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

  const lifecycle = createLifecycle(engine)
  const toolUsage = createToolUsage(engine, calls, config.toolUsage)
  const close = async (options: CloseOptions = {}) => {
    checked(closeOptionsSchema, options)
    const leave = engine.enter()
    const stopped = Promise.all([lifecycle.stop(), toolUsage.close()]).finally(leave)
    await Promise.all([stopped, engine.close(options)])
  }
  const scope = scopeOver(engine, engine.transaction)
  const models = createModelLifecycle(engine, current, embedders)

  async function migrate(): Promise<MigrateResult> {
    const result = await applyMigrations(engine.pool)
    if (result.applied.length > 0) engine.observer.log('info', { ...result }, 'migrated')
    if (config.embedder) {
      await models.register({ name: config.embedder.model, dimensions: config.embedder.dimensions })
    }
    return result
  }

  const own = calls.over(
    'funes',
    {
      migrate: (_?: CallOptions) => migrate(),
      health: (_?: CallOptions) => checkHealth(engine, current),
      doctor: examineDatabase(engine),
      purge: createPurge(engine),
    },
    ['purge'],
  )

  return {
    ...scope,
    memories: {
      ...scope.memories,
      ...calls.over('memories', createBulkMemories(contextOver(engine, engine.transaction), engine), [
        'load',
      ]),
    },
    models: calls.over('models', models, ['reembed', 'retire']),
    tools: { ...scope.tools, ...toolUsage.face },
    indexes: calls.over('indexes', createIndexes(engine, current), ['build', 'rebuild', 'calibrate']),
    archive: calls.over('archive', createArchive(engine, current, embedders)),
    lifecycle: calls.over('lifecycle', lifecycle),
    purge: own.purge,
    as: createOpenScope(engine, scopeOver, calls, toolUsage.keepUp),
    tenancy: calls.over('tenancy', createTenancy(engine)),
    engine: engine.kind,
    get prisma() {
      return engine.prisma
    },
    get pool() {
      return engine.poolStats()
    },
    migrate: own.migrate,
    async transaction(work, transactionOptions = {}) {
      const { signal } = checked(transactionOptionsSchema, transactionOptions)
      const run = () => engine.transaction((running) => work(transactionOver(running)), transactionOptions)
      return calls.run('transaction', { ...(signal && { signal }) }, run, false)
    },
    // After `close` it says so, like of any other trouble.
    health: (options) => (engine.admits() ? own.health(options) : checkHealth(engine, current)),
    doctor: own.doctor,
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}
