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

/** A batch is sent so often, with pauses that double, before it is given up. */
const MAX_ATTEMPTS = 6
const FIRST_PAUSE_MS = 250

/** Runs something outside of the call and the transaction of whoever fills the queue. */
const outside = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T

/** @param send stores a batch; never throws, and counts what it did */
export function createUsageQueue(
  { maxQueued, batchSize, flushIntervalMs }: FullToolUsageOptions,
  counts: UsageCounts,
  send: (batch: readonly NewUsage[], isLast: boolean) => Promise<Sent>,
): UsageQueue {
  let waiting: NewUsage[] = []
  let sending: readonly NewUsage[] = []
  let draining: Promise<void> | undefined
  let isAll = false
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
      const isLast = made >= MAX_ATTEMPTS || isClosed
      if ((await send(batch, isLast)) === 'done' || isLast) break
      if (!isClosed) await pause(FIRST_PAUSE_MS * 2 ** (made - 1))
    }
    sending = []
  }

  async function drain(): Promise<void> {
    // Whoever filled the batch does not also put it together.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0 && (isAll || isClosed || waiting.length >= batchSize)) await sendNext()
    isAll = false
  }

  function start(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    draining ??= outside(() =>
      drain().finally(() => {
        draining = undefined
        if (waiting.length >= batchSize) void start()
        else if (waiting.length > 0) arm()
      }),
    )
    return draining
  }

  function arm(): void {
    if (timer !== undefined || draining !== undefined) return
    timer = outside(() =>
      setTimeout(() => {
        isAll = true
        void start()
      }, flushIntervalMs),
    )
    // Whoever has nothing else to do may end; what waits is for `close`.
    timer.unref()
  }

  async function flush(): Promise<void> {
    const last = waiting.at(-1)
    if (last === undefined) return draining
    // What comes meanwhile need not be waited for.
    while (waiting.includes(last) || sending.includes(last)) {
      isAll = true
      await start()
    }
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
