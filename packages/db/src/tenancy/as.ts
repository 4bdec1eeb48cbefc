import { z } from 'zod'
import type { Calls } from '../calls.js'
import type { Engine, TransactionOptions } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { Prisma } from '../engine/prisma.js'
import type { TransactionScope } from '../engine/transaction-scope.js'
import { checked, idText } from '../input.js'
import type { ScopeKey } from '../sql/tenancy.js'
import type { Tools } from '../tools/tools.js'
import type { KeepUp } from '../tools/usage/usage.js'
import { transactionOptionsSchema } from '../transaction-options.js'
import { scopeError, tenancyOff } from './errors.js'
import { ownStores, type Stores } from './own-stores.js'
import { createScopedExecution, type ScopedExecution } from './scope.js'
import { scopedTools } from './scoped-tools.js'
import { type TenantScope, tenantStores } from './tenant-scope.js'
import type { UserScope } from './user-scope.js'

/** Opens the scope of one user, or of a tenant. */
export interface OpenScope {
  /**
   * The memory of one user. Every statement runs in a transaction that says whose rows are to be seen, and, while row-level
   * security is on, as a role that is held to it; so it works behind a pooler that gives out connections by transaction.
   *
   * @throws `INPUT.INVALID`
   * @example
   * const ada = funes.as({ userId: 'ada' })
   * await ada.memories.search({ text: 'What does she drink?' })
   */
  (scope: { userId: string }): UserScope
  /**
   * The memory of all users of a tenant, which `tenancy.assign` and the scope itself make its own.
   *
   * @throws `INPUT.INVALID`; `TENANCY.OFF` from each call while row-level security is off
   */
  (scope: { tenantId: string }): TenantScope
}

/** Makes the stores over what runs their statements, those of a scope; the model in use is asked for through `asks`. */
export type MakeStores = (
  executor: Executor,
  atomically: ScopedExecution['atomically'],
  scope: { asks: Executor; isConfined: boolean },
) => Omit<Stores, 'tools'> & { readonly tools: Tools }

const scopeSchema = z.union(
  [z.strictObject({ userId: idText }), z.strictObject({ tenantId: idText })],
  'must be { userId } or { tenantId }',
)

/** What a running transaction of a scope offers beside its stores. */
interface Running<Face> {
  readonly prisma: Prisma.TransactionClient
  transaction<T>(work: (tx: Face & Running<Face>) => Promise<T>): Promise<T>
}

/** A scope: its face over the stores, and transactions that offer the same. */
function openScope<Face>(
  engine: Engine,
  make: MakeStores,
  key: ScopeKey,
  calls: Pick<Calls, 'run' | 'over'>,
  keepUp: KeepUp,
  limit: (stores: Stores, executor: Executor) => Face,
) {
  const execution = createScopedExecution(engine, key)
  function faceOver(executor: Executor, atomically: ScopedExecution['atomically'], asks: Executor): Face {
    const { memories, sessions, users, tools } = make(executor, atomically, { asks, isConfined: true })
    return limit({ memories, sessions, users, tools: scopedTools(tools, executor, calls, keepUp) }, executor)
  }
  function over(running: TransactionScope, isOn: boolean): Face & Running<Face> {
    return Object.defineProperty(
      {
        ...faceOver(running, running.nested, running),
        transaction: <T>(work: (tx: Face & Running<Face>) => Promise<T>) =>
          running.nested((inner) => work(over(inner, isOn))),
      },
      'prisma',
      { get: () => confined(running, isOn), enumerable: true },
    ) as Face & Running<Face>
  }
  return {
    ...faceOver(execution.executor, execution.atomically, engine),
    async transaction<T>(work: (tx: Face & Running<Face>) => Promise<T>, options: TransactionOptions = {}) {
      const { signal } = checked(transactionOptionsSchema, options)
      const run = () => execution.transaction((running, isOn) => work(over(running, isOn)), options)
      try {
        return await calls.run('transaction', { ...(signal && { signal }) }, run, false)
      } catch (error) {
        throw scopeError(error)
      }
    },
  }
}

/** The client of a transaction, where the database holds every statement of it to the scope. */
function confined(running: TransactionScope, isOn: boolean): Prisma.TransactionClient {
  if (!isOn) throw tenancyOff('Prisma in the scope of a user')
  return running.client
}

export function createOpenScope(
  engine: Engine,
  make: MakeStores,
  calls: Pick<Calls, 'run' | 'over'>,
  keepUp: KeepUp,
): OpenScope {
  function as(scope: { userId: string }): UserScope
  function as(scope: { tenantId: string }): TenantScope
  function as(scope: { userId: string } | { tenantId: string }): UserScope | TenantScope {
    const key = checked(scopeSchema, scope)
    if ('userId' in key)
      return openScope(engine, make, key, calls, keepUp, (stores) => ownStores(stores, key.userId))
    const { tenantId } = key
    return openScope(engine, make, key, calls, keepUp, (stores, executor) => ({
      tenantId,
      ...tenantStores(stores, executor),
    }))
  }
  return as
}
