import type { Prisma } from '../generated/prisma/client.js'

/** The same client, which says when it is used for more than what its models offer: for SQL of the caller's own. */
export function watchRawSql(client: Prisma.TransactionClient, onRaw: () => void): Prisma.TransactionClient {
  return new Proxy(client, {
    get(target, key) {
      if (typeof key === 'string' && /^[$_]/.test(key)) onRaw()
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
