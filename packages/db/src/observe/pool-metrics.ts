import type pg from 'pg'
import type { DatabaseTarget } from './database-target.js'
import type { TelemetryCallback, TelemetryMeter } from './telemetry.js'

/** A pool, where it leads, and how many calls wait for a connection of it. */
export interface WatchedPool {
  readonly pool: pg.Pool
  readonly target: DatabaseTarget
  readonly waiting: () => number
}

/** What is measured of a pool, until it is closed. */
export interface ObservedPool {
  /** A call waited for a connection in vain. */
  countTimeout(): void
  close(): void
}

/** `host:port/database`, as the conventions advise where a pool has no name of its own. */
function poolName({ address, port, namespace }: DatabaseTarget): string {
  if (address === undefined) return `embedded/${namespace ?? ''}`
  return `${address}:${port ?? 5432}/${namespace ?? ''}`
}

/** The metrics of `db.client.connection.*` that a pool can tell. They are read when somebody asks, and cost nothing else. */
export function observePool(meter: TelemetryMeter, { pool, target, waiting }: WatchedPool): ObservedPool {
  const name = { 'db.client.connection.pool.name': poolName(target) }
  const watched: [name: string, unit: string, description: string, read: TelemetryCallback][] = [
    [
      'db.client.connection.count',
      '{connection}',
      'The number of connections that are currently in the state described.',
      (result) => {
        result.observe(pool.idleCount, { ...name, 'db.client.connection.state': 'idle' })
        result.observe(pool.totalCount - pool.idleCount, { ...name, 'db.client.connection.state': 'used' })
      },
    ],
    [
      'db.client.connection.max',
      '{connection}',
      'The maximum number of open connections allowed.',
      (result) => result.observe(pool.options?.max ?? 10, name),
    ],
    [
      'db.client.connection.pending_requests',
      '{request}',
      'The number of current pending requests for an open connection.',
      (result) => result.observe(waiting(), name),
    ],
  ]
  const instruments = watched.map(([of, unit, description, read]) => {
    const instrument = meter.createObservableUpDownCounter(of, { description, unit })
    instrument.addCallback(read)
    return () => instrument.removeCallback(read)
  })
  const timeouts = meter.createCounter('db.client.connection.timeouts', {
    description:
      'The number of connection timeouts that have occurred trying to obtain a connection from the pool.',
    unit: '{timeout}',
  })
  return {
    countTimeout: () => timeouts.add(1, name),
    close() {
      for (const remove of instruments) remove()
    },
  }
}
