import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { type Prisma, PrismaClient } from '../generated/prisma/client.js'
import type { Preparing } from './preparing.js'
import { currentScope } from './transaction-scope.js'

export type { Prisma, PrismaClient }

/** A Prisma client on our own pool: no second set of connections, and the same prepared statements. */
export function createPrisma(pool: pg.Pool, preparing: Preparing): PrismaClient {
  const adapter = new PrismaPg(pool, {
    disposeExternalPool: false,
    // Undefined, past the bound of names, leaves the statement unnamed.
    statementNameGenerator: (query) => preparing.name(query.sql) as string,
  })
  return new PrismaClient({ adapter })
}

type Callback = (tx: Prisma.TransactionClient) => Promise<unknown>
type RunTransaction = (work: Callback, options?: TransactionOptions) => Promise<unknown>

interface TransactionOptions {
  isolationLevel?: Prisma.TransactionIsolationLevel
  timeout?: number
}

/**
 * `prisma`, always on the right side of a transaction: inside the callback of `funes.transaction` every call
 * goes to the transaction's connection, and `$transaction(callback)` is `funes.transaction` itself. So calls on
 * Prisma and on Funes join each other, and neither waits for a connection that the other holds.
 */
export function joinTransactions(
  owner: object,
  prisma: PrismaClient,
  transaction: RunTransaction,
): PrismaClient {
  return new Proxy(prisma, {
    get(target, key) {
      if (key === '$transaction') {
        return (work: Callback | Promise<unknown>[], options?: TransactionOptions) => {
          if (typeof work === 'function') return transaction(work, options)
          if (!currentScope(owner))
            return target.$transaction(work as Prisma.PrismaPromise<unknown>[], options)
          return transaction(async () => {
            const results: unknown[] = []
            for (const step of work) results.push(await step)
            return results
          })
        }
      }
      const current: object = currentScope(owner)?.client ?? target
      const value: unknown = Reflect.get(current, key)
      return typeof value === 'function' ? value.bind(current) : value
    },
  })
}
