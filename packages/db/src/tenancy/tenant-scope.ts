import type { TransactionOptions } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { Prisma } from '../engine/prisma.js'
import { checked, idText } from '../input.js'
import type { Memories } from '../memories/memories.js'
import type { Sessions } from '../sessions/sessions.js'
import { insertUsers } from '../sql/tenancy.js'
import type { RecordUsage, UsageQuery } from '../tools/usage/types.js'
import type { Users } from '../users/users.js'
import type { Stores } from './own-stores.js'
import type { ScopedTools } from './scoped-tools.js'

/**
 * What a tenant can do: the stores as they are, in which the users of other tenants do not exist, and `scope: 'all-users'`
 * means those of this one. Users that are made become this tenant's. The policies alone hold it to that: while row-level
 * security is off every call is `TENANCY.OFF`, and a row of another tenant's user that was to be written is
 * `TENANCY.FOREIGN_USER`.
 */
export interface TenantScope {
  readonly tenantId: string
  readonly memories: Memories
  readonly sessions: Sessions
  readonly users: Users
  readonly tools: ScopedTools<RecordUsage & { userId: string }, UsageQuery>
  /**
   * Runs `work` in one transaction of this scope, and rolls everything back if it throws. Whatever joins it, calls on `funes` and
   * its `prisma` too, is held to the scope by the database. In it the scopes of this tenant's users can be opened, for as long as
   * their calls take, and no others.
   *
   * @throws what `work` throws; `TENANCY.OFF`, `TENANCY.FOREIGN_USER`, `TRANSACTION.TIMEOUT`, `DB.*`
   */
  transaction<T>(work: (tx: TenantTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
}

/** A running transaction of a tenant's scope. */
export interface TenantTransaction extends Omit<TenantScope, 'transaction'> {
  /** The generated Prisma client, in which every statement sees the rows of this tenant's users alone. */
  readonly prisma: Prisma.TransactionClient
  /**
   * A savepoint: what it did is undone if it throws, and only that.
   *
   * @throws what `work` throws
   */
  transaction<T>(work: (tx: TenantTransaction) => Promise<T>): Promise<T>
}

const userOf = (input: unknown): unknown =>
  typeof input === 'object' && input !== null ? (input as { userId?: unknown }).userId : undefined

/**
 * The stores, in which whoever is to have a memory or a session is made the tenant's first: a policy asks the users as they
 * were when the statement began, so one statement cannot make both.
 */
export function tenantStores(stores: Stores, executor: Executor): Stores {
  const { memories, sessions, users, tools } = stores

  async function make(inputs: readonly unknown[]): Promise<void> {
    const ids = new Set(inputs.map(userOf).filter((id) => typeof id === 'string'))
    for (const id of ids) checked(idText, id)
    if (ids.size > 0) await executor.run(insertUsers([...ids]))
  }

  async function* makingUsers<T>(inputs: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
    let last: unknown
    for await (const input of inputs) {
      // Memories of one user mostly come one after the other.
      if (userOf(input) !== last) await make([input])
      last = userOf(input)
      yield input
    }
  }

  return {
    users,
    memories: {
      ...memories,
      async add(memory) {
        await make([memory])
        return memories.add(memory)
      },
      async addMany(many, options) {
        if (Array.isArray(many)) await make(many)
        const isOnce = !Array.isArray(many) && typeof many === 'object' && many !== null
        return memories.addMany(isOnce ? makingUsers(many) : many, options)
      },
    },
    sessions: {
      ...sessions,
      async start(session) {
        await make([session])
        return sessions.start(session)
      },
    },
    tools: {
      ...tools,
      async recordUsage(usage) {
        await make([usage])
        return tools.recordUsage(usage)
      },
    },
  }
}
