import type pg from 'pg'
import { databaseError, withMeta } from '../errors/database-error.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import { type Call, currentCall } from './call.js'
import { destroy, isBusy, requestCancel } from './cancel.js'
import { type Held, holdersOf, type PoolStats, poolExhausted } from './held.js'
import { placed } from './place.js'
import type { OpenPool } from './pool.js'
import { poolBehind } from './pool-behind.js'
import { listenTo } from './pool-listeners.js'

/** Takes a connection, or why there is none. */
export type Taker = (failure: FunesError | undefined, held: Held | undefined) => void

/** The one way to the connections of a pool: it knows who has them, and sees to it that nobody waits for ever. */
export interface Gate {
  /** The same pool; whoever takes a connection of it does so through this gate. */
  readonly pool: pg.Pool
  /** One statement on a connection of its own. */
  query(config: pg.QueryConfig): Promise<pg.QueryResult>
  /** Calls off what runs on the connection; if that is of no use, ends the connection. */
  callOff(held: Held): void
  /** What the database said, or what became of the connection to it, by name. */
  failureOf(error: unknown): FunesError
  stats(): Omit<PoolStats, 'preparedStatements'>
  /** Nobody gets a connection any more, and whoever has one loses it. */
  shut(): void
  /** Resolves when nobody has a connection or waits for one. */
  whenIdle(): Promise<void>
  /** Takes its listeners off the pool. */
  leave(): void
}

export interface GateLimits {
  readonly acquireTimeoutMs: number
  readonly statementTimeoutMs: number
}

const SWEEP_MS = 1_000
/** So long a statement may take to end once it was cancelled; then its connection ends. */
const CANCEL_GRACE_MS = 2_000
/** The server's own limit comes first; this is for a server that is not heard of any more. */
const BACKSTOP_MS = 5_000

/** The answer to a call after `close`. */
export function clientClosed(): FunesError {
  return funesError('CLIENT.CLOSED', 'This Funes has been closed.', {
    fix: 'Make a new one with createFunes.',
  })
}

export function createGate(
  { pool, kind, isOwn, relax, isLimitedByServer }: OpenPool,
  limits: GateLimits,
): Gate {
  const failureOf = (error: unknown) => placed(databaseError(error), pool, kind)
  const holders = new Set<Held>()
  const waiters = new Set<(failure: FunesError) => void>()
  const listeners = listenTo(pool)
  const idlers = new Set<() => void>()
  let acquired = 0
  let served = 0
  let isShut = false
  let sweeper: NodeJS.Timeout | undefined

  function settle(): void {
    if (holders.size > 0 || waiters.size > 0 || served > 0) return
    for (const resolve of idlers) resolve()
    idlers.clear()
  }

  const state = () => ({
    max: pool.options.max,
    active: pool.totalCount - pool.idleCount,
    waiting: waiters.size,
  })

  /** Being opened, which is another matter than being in use. */
  const isOpening = () =>
    isOwn && pool.totalCount > pool.idleCount + holders.size && holders.size < pool.options.max

  function late(waitedMs: number): FunesError {
    if (!isOpening()) return poolExhausted(waitedMs, state(), holdersOf(holders))
    return withMeta(failureOf(new Error('Connection terminated: it took too long to be opened')), {
      phase: 'connection',
      waitedMs,
    })
  }

  /** Stands in line; answers whether it still did when its turn came. */
  function wait(call: Call | undefined, take: Taker): () => boolean {
    const since = performance.now()
    const leave = () => {
      clearTimeout(timer)
      call?.signal?.removeEventListener('abort', onAbort)
      return waiters.delete(giveUp)
    }
    const giveUp = (failure: FunesError) => {
      if (!leave()) return
      take(failure, undefined)
      settle()
    }
    const onAbort = () => giveUp(call?.signal?.reason as FunesError)
    const timer = setTimeout(
      () => giveUp(late(Math.round(performance.now() - since))),
      limits.acquireTimeoutMs,
    )
    call?.signal?.addEventListener('abort', onAbort, { once: true })
    waiters.add(giveUp)
    return leave
  }

  /** Gets one in the next moment: not to be forgotten by whoever closes the pool in this one. */
  function serve(): () => boolean {
    served += 1
    return () => {
      served -= 1
      return true
    }
  }

  function callOff(held: Held): void {
    if (!holders.has(held) || !isBusy(held.client)) return
    held.until = Number.POSITIVE_INFINITY
    // In this process nothing can interrupt it, and nothing keeps it from ending.
    if (kind === 'embedded') return
    held.isTainted = true
    // Where not even that can be asked, the connection goes after the grace.
    requestCancel(pool.options, held.client).catch(() => {})
    setTimeout(() => {
      if (holders.has(held) && isBusy(held.client)) destroy(held.client)
    }, CANCEL_GRACE_MS).unref()
  }

  function sweep(): void {
    const now = performance.now()
    for (const held of holders) if (held.until < now) callOff(held)
  }

  function hold(client: pg.PoolClient, release: pg.PoolClient['release'], call: Call | undefined): Held {
    const held: Held = {
      client,
      operation: call?.operation ?? 'prisma',
      since: performance.now(),
      until: Number.POSITIVE_INFINITY,
      isTainted: false,
      hasTraces: false,
    }
    holders.add(held)
    acquired += 1
    sweeper ??= setInterval(sweep, SWEEP_MS).unref()
    listeners.watch(client)
    const onAbort = () => callOff(held)
    call?.signal?.addEventListener('abort', onAbort, { once: true })
    client.release = (failure) => {
      call?.signal?.removeEventListener('abort', onAbort)
      holders.delete(held)
      // What is still in a transaction, or may yet be cancelled, must not be given to anybody else.
      const isLeftover = (client.getTransactionStatus?.() ?? 'I') !== 'I'
      release(failure || held.isTainted || held.hasTraces || isLeftover)
      if (idlers.size > 0) settle()
    }
    return held
  }

  function checkout(take: Taker): void {
    const call = currentCall()
    if (isShut || call?.signal?.aborted) {
      take(isShut ? clientClosed() : (call?.signal?.reason as FunesError), undefined)
      return
    }
    if (call !== undefined) call.progress.phase = 'connection'
    const asked = call?.holder?.held === undefined ? call?.holder : undefined
    const answer: Taker = (failure, held) => {
      if (failure === undefined && call !== undefined) call.progress.phase = 'statement'
      if (asked !== undefined) Object.assign(asked, { held, failure })
      take(failure, held)
    }
    // Where one is free there is nothing to wait for, and no need of a timer.
    const isFree = pool.idleCount > pool.waitingCount
    const stillWaits = isFree ? serve() : wait(call, answer)
    open((failure, client, release) => {
      if (!stillWaits()) return client === undefined ? undefined : release()
      if (client !== undefined && call?.signal?.aborted) {
        release()
        answer(call.signal.reason as FunesError, undefined)
        return settle()
      }
      if (client !== undefined) return answer(undefined, hold(client, release, call))
      answer(withMeta(failureOf(failure), { phase: 'connection' }), undefined)
      settle()
    })
  }

  function open(done: Parameters<pg.Pool['connect']>[0]): void {
    pool.connect((failure, client, release) => {
      if (failure && relax(failure)) pool.connect(done)
      else done(failure, client, release)
    })
  }

  function run(
    held: Held,
    config: pg.QueryConfig,
    done: (failure: Error | null, result: pg.QueryResult) => void,
  ) {
    held.until = held.since + limits.statementTimeoutMs + (isLimitedByServer() ? BACKSTOP_MS : 0)
    try {
      held.client.query(config, done)
    } catch (failure) {
      done(failure as Error, undefined as never)
    }
  }

  function query(config: pg.QueryConfig): Promise<pg.QueryResult> {
    return new Promise((resolve, reject) => {
      checkout((unheld, held) => {
        if (held === undefined) return reject(unheld)
        run(held, config, (failure, result) => {
          held.client.release()
          if (failure) reject(failureOf(failure))
          else resolve(result)
        })
      })
    })
  }

  return {
    pool: poolBehind(pool, checkout),
    query,
    callOff,
    failureOf,
    stats() {
      const shown = holdersOf(holders)
      return {
        total: pool.totalCount,
        idle: pool.idleCount,
        ...state(),
        acquired,
        longestHeldMs: shown[0]?.heldMs ?? 0,
        holders: shown,
      }
    },
    shut() {
      isShut = true
      clearInterval(sweeper)
      for (const giveUp of [...waiters]) giveUp(clientClosed())
      for (const { client } of holders) destroy(client)
    },
    whenIdle: () =>
      new Promise((resolve) => {
        idlers.add(resolve)
        settle()
      }),
    leave: listeners.leave,
  }
}
