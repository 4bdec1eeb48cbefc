import type pg from 'pg'
import { type FunesError, funesError } from '../errors/funes-error.js'

/** A connection in use. */
export interface Held {
  readonly client: pg.PoolClient
  /** What it is used for, as in `memories.search`. */
  readonly operation: string
  /** By `performance.now()`. */
  readonly since: number
  /** When its statement is called off, whoever waits for it. */
  until: number
  /** Not to be used by anybody else afterwards: a request to cancel may still be on its way to it. */
  isTainted: boolean
  /** Whether SQL of a caller's own ran on it in a scope, and may have left settings, locks or temporary tables. */
  hasTraces: boolean
}

/** Where whoever asked for one connection finds it, or why there is none. */
export interface Holder {
  held?: Held
  failure?: FunesError
}

/** Who has a connection of the pool, and for how long. */
export interface PoolHolder {
  /** What it is used for, as in `memories.search` or `transaction`. */
  readonly operation: string
  readonly heldMs: number
}

/** What a pool is doing. */
export interface PoolStats {
  /** Connections that are open or being opened. */
  readonly total: number
  readonly idle: number
  /** Those that are neither idle nor free to be given out: in use, by Funes or others, or being opened. */
  readonly active: number
  /** Calls of Funes that wait for a connection. */
  readonly waiting: number
  /** The most there may be. */
  readonly max: number
  /** How often Funes was given a connection so far. */
  readonly acquired: number
  /** How long the one of `holders` has had its connection that has it longest; 0 when there is none. */
  readonly longestHeldMs: number
  /** Which calls of Funes have one, the longest first. */
  readonly holders: readonly PoolHolder[]
  /** Whether statements are prepared under names: no, as soon as a pooler in between has been met that loses them. */
  readonly preparedStatements: boolean
}

/** The holders as they can be shown, the longest first. */
export function holdersOf(holders: Iterable<Held>): PoolHolder[] {
  const now = performance.now()
  return [...holders]
    .map(({ operation, since }) => ({ operation, heldMs: Math.round(now - since) }))
    .sort((a, b) => b.heldMs - a.heldMs)
}

/** The answer to whoever got no connection in time: who has them. */
export function poolExhausted(
  waitedMs: number,
  pool: { max: number; active: number; waiting: number },
  holders: readonly PoolHolder[],
): FunesError {
  const [longest] = holders
  const others = Math.max(0, pool.active - holders.length)
  const who =
    longest === undefined
      ? `${others} are in use outside of Funes, or being opened`
      : `${longest.operation} has held one for ${longest.heldMs} ms`
  return funesError('DB.POOL_EXHAUSTED', `No connection became free within ${waitedMs} ms: ${who}.`, {
    fix: `${longest?.operation === 'transaction' ? 'Await or shorten that transaction' : 'Make fewer calls at once'}, raise \`limits.maxConnections\` (now ${pool.max}), or wait longer with \`limits.acquireTimeoutMs\`. \`meta.holders\` lists all who have one.`,
    meta: { phase: 'connection', waitedMs, max: pool.max, waiting: pool.waiting, holders, others },
  })
}
