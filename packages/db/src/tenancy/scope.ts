import type { Engine, TransactionOptions } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { TransactionScope } from '../engine/transaction-scope.js'
import type { Statement } from '../sql/statement.js'
import { type BeforeScope, enterScope, leaveScope, type ScopeKey } from '../sql/tenancy.js'
import { tenancyOff } from './errors.js'

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

export function createScopedExecution(engine: Engine, key: ScopeKey): ScopedExecution {
  /** Transactions that are in this scope already. */
  const entered = new WeakSet<object>()

  function isEntered(): boolean {
    const current = engine.currentTransaction()
    return current !== undefined && entered.has(current)
  }

  async function transaction<T>(
    work: (running: TransactionScope, isOn: boolean) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const goesOnAfterwards = engine.isInTransaction()
    return engine.transaction(async (running) => {
      const [before] = (await running.run(enterScope(key))) as [BeforeScope]
      if ('tenantId' in key && !before.isOn) throw tenancyOff('The scope of a tenant')
      entered.add(running)
      const result = await work(running, before.isOn)
      // A savepoint that is rolled back takes its settings with it; one that is kept keeps them.
      if (goesOnAfterwards) await running.run(leaveScope(before))
      return result
    }, options)
  }

  return {
    executor: {
      run<Row>(statement: Statement<Row>): Promise<Row[]> {
        if (isEntered()) return engine.run(statement)
        return transaction((running) => running.run(statement), ONE_STATEMENT)
      },
    },
    atomically(work) {
      if (!isEntered()) return transaction(work)
      return engine.transaction((running) => {
        entered.add(running)
        return work()
      })
    },
    transaction,
  }
}
