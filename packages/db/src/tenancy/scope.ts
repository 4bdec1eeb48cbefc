import type { Engine, TransactionOptions } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { TransactionScope } from '../engine/transaction-scope.js'
import type { Statement } from '../sql/statement.js'
import { type BeforeScope, enterScope, leaveScope, type ScopeKey, selectSeenUser } from '../sql/tenancy.js'
import { foreignScope, tenancyOff } from './errors.js'

/** Statements that run in transactions which see one user's or one tenant's rows. */
export interface ScopedExecution {
  readonly executor: Executor
  atomically<T>(work: () => Promise<T>): Promise<T>
  /** Runs `work` in a transaction; `isOn` says whether the database itself holds it to the scope. */
  transaction<T>(
    work: (running: TransactionScope, isOn: boolean) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>
}

/** What limits one statement is the time that statements may take, not that of transactions. */
const ONE_STATEMENT: TransactionOptions = { timeoutMs: 3_600_000 }

const isSame = (a: ScopeKey, b: ScopeKey): boolean =>
  'userId' in a ? 'userId' in b && a.userId === b.userId : 'tenantId' in b && a.tenantId === b.tenantId

export function createScopedExecution(engine: Engine, key: ScopeKey): ScopedExecution {
  /**
   * Whether the transaction that the calling code is in, if any, is in this scope already.
   *
   * @throws `TENANCY.FOREIGN_USER` where it is in one that this cannot be part of
   */
  function isEntered(): boolean {
    const within = engine.currentTransaction()?.confinedTo
    if (within === undefined) return false
    if (isSame(within, key)) return true
    // Of a tenant's users the database tells, of which it is asked before one is opened.
    if ('tenantId' in within && 'userId' in key) return false
    throw foreignScope()
  }

  async function enter(running: TransactionScope): Promise<BeforeScope> {
    if ('userId' in key && running.confinedTo !== undefined && 'tenantId' in running.confinedTo) {
      const [user] = await running.run(selectSeenUser(key.userId))
      if (user === undefined) throw foreignScope()
    }
    const [before] = (await running.run(enterScope(key))) as [BeforeScope]
    if ('tenantId' in key && !before.isOn) throw tenancyOff('The scope of a tenant')
    running.confine(key)
    return before
  }

  async function transaction<T>(
    work: (running: TransactionScope, isOn: boolean) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    isEntered()
    const goesOnAfterwards = engine.isInTransaction()
    return engine.transaction(async (running) => {
      const before = await enter(running)
      const result = await work(running, before.isOn)
      // A savepoint that is rolled back takes its settings with it; one that is kept keeps them.
      if (goesOnAfterwards) await running.run(leaveScope(before))
      return result
    }, options)
  }

  return {
    executor: {
      async run<Row>(statement: Statement<Row>): Promise<Row[]> {
        if (isEntered()) return engine.run(statement)
        return transaction((running) => running.run(statement), ONE_STATEMENT)
      },
    },
    async atomically(work) {
      return isEntered() ? engine.transaction(work) : transaction(work)
    },
    transaction,
  }
}
