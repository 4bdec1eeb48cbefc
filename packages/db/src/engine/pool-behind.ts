import type pg from 'pg'
import type { Taker } from './gate.js'

type ConnectCallback = Parameters<pg.Pool['connect']>[0]

/** `pool` as it is, but that connections are got through `checkout`: for whoever is made for a `pg.Pool`, such as Prisma. */
export function poolBehind(pool: pg.Pool, checkout: (take: Taker) => void): pg.Pool {
  const take = () =>
    new Promise<pg.PoolClient>((resolve, reject) => {
      checkout((failure, held) => (held === undefined ? reject(failure) : resolve(held.client)))
    })

  function connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return take()
    checkout((failure, held) => {
      if (held === undefined) callback(failure, undefined, () => {})
      else callback(undefined, held.client, (error) => held.client.release(error))
    })
  }

  async function query(...args: [pg.QueryConfig]): Promise<pg.QueryResult> {
    const client = await take()
    try {
      return await client.query(...args)
    } finally {
      client.release()
    }
  }

  return new Proxy(pool, {
    get(target, key) {
      if (key === 'connect') return connect
      if (key === 'query') return query
      // Bound: a pool may have private fields, which a proxy does not.
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
