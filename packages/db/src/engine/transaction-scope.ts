import { AsyncLocalStorage } from 'node:async_hooks'
import { type FunesError, funesError } from '../errors/funes-error.js'
import type { Prisma } from '../generated/prisma/client.js'
import type { Observer } from '../observe/observer.js'
import { releaseSavepoint, rollbackToSavepoint, savepoint } from '../sql/savepoint.js'
import { compile, type Statement } from '../sql/statement.js'
import type { ScopeKey } from '../sql/tenancy.js'
import { currentCall, untilAborted } from './call.js'
import type { Executor } from './executor.js'
import type { Held } from './held.js'
import { watchRawSql } from './raw-sql.js'

/** A transaction that is running, or one of its savepoints. */
export interface TransactionScope extends Executor {
  readonly client: Prisma.TransactionClient
  /** Whose rows alone it is to see and change; undefined where that was not said. */
  readonly confinedTo: ScopeKey | undefined
  /** Says so, of this and of what is nested in it from now on. */
  confine(key: ScopeKey): void
  /** Runs `work` under a savepoint: what it did is undone if it throws, and only that. */
  nested<T>(work: (scope: TransactionScope) => Promise<T>): Promise<T>
}

/** The connection that a transaction runs on. */
export interface Connection {
  readonly held: Held
  /** Cancels what runs on it. */
  callOff(held: Held): void
  failureOf(error: unknown): FunesError
  readonly observer: Observer
}

/** The innermost scope of each Funes that the running code is inside of. */
const running = new AsyncLocalStorage<ReadonlyMap<object, InnerScope>>()

/** A scope that knows what it is nested in. */
interface InnerScope extends TransactionScope {
  readonly parent: InnerScope | undefined
}

/** The transaction of `owner` that the calling code runs in, if any. */
export function currentScope(owner: object): TransactionScope | undefined {
  return running.getStore()?.get(owner)
}

/** Whether `scope` is nested in `outer`, at any depth. */
function isInside(scope: InnerScope | undefined, outer: InnerScope): boolean {
  for (let at = scope?.parent; at !== undefined; at = at.parent) if (at === outer) return true
  return false
}

/** Runs `work` so that {@link currentScope} finds a new scope over `client`; the scope is dead afterwards. */
export async function withScope<T>(
  owner: object,
  client: Prisma.TransactionClient,
  connection: Connection,
  work: (scope: TransactionScope) => Promise<T>,
  depth = 0,
  parent?: InnerScope,
): Promise<T> {
  const outer = running.getStore()
  let ended = false
  let confinedTo = parent?.confinedTo
  let last: Promise<unknown> = Promise.resolve()

  function assertRunning(): void {
    if (!ended) return
    throw funesError('TRANSACTION.CLOSED', 'The transaction that this call belongs to has already ended.', {
      fix: 'Await every call inside the callback of `funes.transaction`.',
    })
  }

  /** The nested scope that the calling code is in, when it calls on this outer one by name. */
  function inner(): InnerScope | undefined {
    const current = running.getStore()?.get(owner)
    return isInside(current, scope) ? current : undefined
  }

  const watched = watchRawSql(client, () => {
    if (confinedTo !== undefined) connection.held.hasTraces = true
  })

  const scope: InnerScope = {
    parent,
    get client() {
      assertRunning()
      return watched
    },
    get confinedTo() {
      return confinedTo
    },
    confine(key) {
      confinedTo = key
    },
    async run<Row>(statement: Statement<Row>) {
      assertRunning()
      // A statement beside an open savepoint would be undone with it: it waits until that has ended.
      if (inner() === undefined) await last
      assertRunning()
      const call = currentCall()
      call?.signal?.throwIfAborted()
      if (call !== undefined) call.progress.phase = 'statement'
      const callOff = () => connection.callOff(connection.held)
      call?.signal?.addEventListener('abort', callOff, { once: true })
      try {
        // Not unsafe: the text is a builder's, and every value in it a parameter.
        const { text, values } = compile(statement)
        const asked = () => client.$queryRawUnsafe<Row[]>(text, ...values)
        return await untilAborted(connection.observer.statement(text, asked), call?.signal)
      } catch (error) {
        throw connection.failureOf(error)
      } finally {
        call?.signal?.removeEventListener('abort', callOff)
      }
    },
    nested<R>(within: (scope: TransactionScope) => Promise<R>): Promise<R> {
      assertRunning()
      // Called from inside one of its own savepoints, it must not wait for that to end.
      const innermost = inner()
      if (innermost !== undefined) return innermost.nested(within)
      // One savepoint at a time: on one connection two side by side would undo each other's work.
      const turn = last.then(() => underSavepoint(owner, client, connection, within, depth + 1, scope))
      last = turn.catch(() => {})
      return turn
    },
  }
  try {
    return await running.run(new Map([...(outer ?? []), [owner, scope]]), () => work(scope))
  } finally {
    ended = true
  }
}

async function underSavepoint<T>(
  owner: object,
  client: Prisma.TransactionClient,
  connection: Connection,
  work: (scope: TransactionScope) => Promise<T>,
  depth: number,
  parent: InnerScope,
): Promise<T> {
  const execute = (fragment: Prisma.Sql) =>
    client.$executeRaw(fragment).catch((error: unknown) => {
      throw connection.failureOf(error)
    })
  await execute(savepoint(depth))
  let result: T
  try {
    result = await withScope(owner, client, connection, work, depth, parent)
  } catch (error) {
    await execute(rollbackToSavepoint(depth))
    await execute(releaseSavepoint(depth))
    throw error
  }
  await execute(releaseSavepoint(depth))
  return result
}
