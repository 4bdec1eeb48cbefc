import { AsyncLocalStorage } from 'node:async_hooks'
import type { NewUsage } from '../../sql/tool-usage.js'
import type { UsageCounts } from './counts.js'
import type { FullToolUsageOptions } from './options.js'

/** Usages that wait to be stored, not more than there is room for. */
export interface UsageQueue {
  readonly size: number
  push(usage: NewUsage): boolean
  /** Sends everything that waits, and resolves when it is stored, or is known not to be. */
  flush(): Promise<void>
  /** Takes no more, and sends what waits. */
  close(): Promise<void>
}

/** How a batch went: it is done with, or to be sent again. */
export type Sent = 'done' | 'again'

/** For which failures a batch is sent again: an outage is waited out while there is room and nobody waits. */
export type Patience = 'all' | 'outages' | 'none'

/** So often a batch is sent whatever happens, with pauses that double. */
const MAX_ATTEMPTS = 6
const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 8_000

/** Runs something outside of the call and the transaction of whoever fills the queue. */
const outside = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T

/** @param send stores a batch, with this much patience; never throws, and counts what it did */
export function createUsageQueue(
  { maxQueued, batchSize, flushIntervalMs }: FullToolUsageOptions,
  counts: UsageCounts,
  send: (batch: readonly NewUsage[], patience: Patience) => Promise<Sent>,
): UsageQueue {
  let waiting: NewUsage[] = []
  let sending: readonly NewUsage[] = []
  let draining: Promise<void> | undefined
  /** How many came and how many have been sent, ever, and up to which of them all are to be sent. */
  let pushed = 0
  let sent = 0
  let goal = 0
  let flushing: { upTo: number; done: () => void }[] = []
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let endPause = () => {}

  const size = () => waiting.length + sending.length

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const over = setTimeout(resolve, ms)
      endPause = () => {
        clearTimeout(over)
        resolve()
      }
    })
  }

  async function sendNext(): Promise<void> {
    const batch = waiting.slice(0, batchSize)
    waiting = waiting.slice(batchSize)
    sending = batch
    for (let made = 1; ; made += 1) {
      // Whoever closes does not wait for better times.
      const isPressed = flushing.length > 0 || size() >= maxQueued
      const isWorn = made >= MAX_ATTEMPTS
      const patience = isClosed || (isWorn && isPressed) ? 'none' : isWorn ? 'outages' : 'all'
      if ((await send(batch, patience)) === 'done') break
      if (!isClosed) await pause(Math.min(FIRST_PAUSE_MS * 2 ** (made - 1), MAX_PAUSE_MS))
    }
    sending = []
    sent += batch.length
    for (const { upTo, done } of flushing) if (upTo <= sent) done()
    flushing = flushing.filter(({ upTo }) => upTo > sent)
  }

  async function drain(): Promise<void> {
    // Whoever filled the batch does not also put it together.
    await new Promise((resolve) => setImmediate(resolve))
    // Up to the goal, and no further: what comes meanwhile waits for its own batch to fill.
    while (waiting.length > 0 && (sent < goal || isClosed || waiting.length >= batchSize)) await sendNext()
  }

  function start(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    draining ??= outside(() =>
      drain().finally(() => {
        draining = undefined
        if (waiting.length >= batchSize || (waiting.length > 0 && sent < goal)) void start()
        else if (waiting.length > 0) arm()
      }),
    )
    return draining
  }

  function arm(): void {
    if (timer !== undefined || draining !== undefined) return
    timer = outside(() =>
      setTimeout(() => {
        goal = pushed
        void start()
      }, flushIntervalMs),
    )
    // Whoever has nothing else to do may end; what waits is for `close`.
    timer.unref()
  }

  function flush(): Promise<void> {
    if (sent === pushed) return Promise.resolve()
    goal = pushed
    // What comes meanwhile need not be waited for.
    const upTo = pushed
    const flushed = new Promise<void>((done) => flushing.push({ upTo, done }))
    endPause()
    void start()
    return flushed
  }

  return {
    get size() {
      return size()
    },
    push(usage) {
      if (isClosed) counts.dropped('closed', 1)
      else if (size() >= maxQueued) counts.dropped('overload', 1)
      else {
        waiting.push(usage)
        pushed += 1
        if (waiting.length >= batchSize) void start()
        else arm()
        return true
      }
      return false
    },
    flush,
    async close() {
      isClosed = true
      endPause()
      while (waiting.length > 0 || draining !== undefined) await start()
    },
  }
}
