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

  /** Errors of idle connections are listened to already, once for all who share the pool. */
  const on = (event: 'connect', listener: () => void) => {
    if ((event as string) !== 'error') pool.on(event, listener)
    return proxy
  }

  const proxy: pg.Pool = new Proxy(pool, {
    get(target, key) {
      if (key === 'connect') return connect
      if (key === 'query') return query
      if (key === 'on') return on
      // Bound: a pool may have private fields, which a proxy does not.
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return proxy
}
