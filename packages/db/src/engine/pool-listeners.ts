import type pg from 'pg'

/** What is listened to on a pool, for all who use it together. */
interface Listening {
  readonly clients: Set<pg.ClientBase>
  readonly end: () => void
  users: number
}

const pools = new WeakMap<pg.Pool, Listening>()

// A connection that drops is replaced by the pool; whoever uses it is told by its own call.
const ignore = () => {}

function begin(pool: pg.Pool): Listening {
  const clients = new Set<pg.ClientBase>()
  const forget = (client: pg.PoolClient) => clients.delete(client)
  pool.on('error', ignore)
  pool.on('remove', forget)
  return {
    clients,
    users: 0,
    end() {
      // Connections of a pool that ends may break on their way, and be heard of after the call that ended it.
      if (pool.ending) return
      pool.off('error', ignore)
      pool.off('remove', forget)
      for (const client of clients) client.off('error', ignore)
      pools.delete(pool)
    },
  }
}

/** Keeps connections that drop from ending the process, for as long as somebody uses the pool. */
export interface PoolListeners {
  /** From now on also while `client` is in use. */
  watch(client: pg.ClientBase): void
  /** To be called once; the last who leaves takes all listeners off. */
  leave(): void
}

/** One listener for however many use the same pool: Node warns of a leak from the eleventh on. */
export function listenTo(pool: pg.Pool): PoolListeners {
  const listening = pools.get(pool) ?? begin(pool)
  pools.set(pool, listening)
  listening.users += 1
  return {
    watch(client) {
      if (listening.clients.has(client)) return
      listening.clients.add(client)
      client.on('error', ignore)
    },
    leave() {
      listening.users -= 1
      if (listening.users === 0) listening.end()
    },
  }
}
