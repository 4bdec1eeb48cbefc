import { AsyncLocalStorage } from 'node:async_hooks'
import type { NewUsage } from '../../sql/tool-usage.js'
import type { UsageCounts } from './counts.js'
import type { FullToolUsageOptions } from './options.js'
import type { Send } from './send.js'

/** Usages that wait to be stored, not more than there is room for. */
export interface UsageQueue {
  readonly size: number
  push(usage: NewUsage): boolean
  /** Sends everything that waits, and resolves when it is stored, or the database has refused to take it for some seconds. */
  flush(): Promise<void>
  /** Takes no more, and sends what waits. */
  close(): Promise<void>
}

/** Pauses before a batch is sent again double up to the longest: it is kept however long an outage lasts. */
const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 8_000
/** After so many failures in a row nobody waits for a flush any more. */
const FLUSH_ATTEMPTS = 6

/** In characters: what a usage in the queue may have on average, and what one statement carries at most. */
const MEAN_LENGTH = 3_200
const MAX_BATCH_LENGTH = 4_000_000
/** About what a usage is made of beside its texts. */
const BASE_LENGTH = 200

const lengthOf = ({ tool, userId, sessionId, errorMessage, metadata }: NewUsage): number =>
  BASE_LENGTH +
  tool.length +
  (userId?.length ?? 0) +
  (sessionId?.length ?? 0) +
  (errorMessage?.length ?? 0) +
  metadata.length

/** Runs something outside of the call and the transaction of whoever fills the queue. */
const outside = AsyncLocalStorage.snapshot() as <T>(work: () => T) => T

export function createUsageQueue(
  { maxQueued, batchSize, flushIntervalMs }: FullToolUsageOptions,
  counts: UsageCounts,
  send: Send,
): UsageQueue {
  const maxLength = Math.max(MAX_BATCH_LENGTH, maxQueued * MEAN_LENGTH)
  let waiting: NewUsage[] = []
  let sending: readonly NewUsage[] = []
  let length = 0
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
      // Who has nothing else to do may end, unless somebody waits.
      if (flushing.length === 0) over.unref()
      endPause = () => {
        clearTimeout(over)
        resolve()
      }
    })
  }

  function takeBatch(): readonly NewUsage[] {
    let count = 0
    let batchLength = 0
    for (const usage of waiting) {
      batchLength += lengthOf(usage)
      if (count === batchSize || (count > 0 && batchLength > MAX_BATCH_LENGTH)) break
      count += 1
    }
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return batch
  }

  /** Tells those whose usages are done with; or everybody, as it will take too long. */
  function endFlushes(isGivenUp: boolean): void {
    for (const { upTo, done } of flushing) if (isGivenUp || upTo <= sent) done()
    flushing = isGivenUp ? [] : flushing.filter(({ upTo }) => upTo > sent)
  }

  async function sendNext(): Promise<void> {
    sending = takeBatch()
    for (let made = 1; sending.length > 0; made += 1) {
      const before = sending
      // Whoever closes does not wait for better times.
      const again = await send(before, isClosed)
      sending = again
      sent += before.length - again.length
      length = Math.max(0, length - sum(before) + sum(again))
      endFlushes(again.length > 0 && made >= FLUSH_ATTEMPTS)
      if (again.length > 0 && !isClosed) await pause(Math.min(FIRST_PAUSE_MS * 2 ** (made - 1), MAX_PAUSE_MS))
    }
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
      else if (size() >= maxQueued || length + lengthOf(usage) > maxLength) counts.dropped('overload', 1)
      else {
        waiting.push(usage)
        length += lengthOf(usage)
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

const sum = (usages: readonly NewUsage[]): number =>
  usages.reduce((total, usage) => total + lengthOf(usage), 0)
