import { AsyncResource } from 'node:async_hooks'
import { isFunesError } from '../errors/funes-error.js'
import type { SweepResult } from './sweep.js'

/** Sweeps that go on by themselves. */
export interface Sweeping {
  /** Ends them; a sweep under way ends after its batch, and is waited for. */
  stop(): Promise<void>
}

/** How sweeps go on. */
export interface SweepingRule {
  readonly everyMs: number
  readonly onSweep: ((result: SweepResult) => void) | undefined
  readonly onError: ((error: unknown) => void) | undefined
}

/** Pauses are so much shorter or longer, so that many processes started at once do not sweep at once. */
const JITTER = 0.2

// Made here, so that no sweep takes part in the transaction or the deadline of the call that happened to start it.
const outside = new AsyncResource('funes.sweeping')

/** Sweeps again and again: first after a part of the pause, then with pauses of that length, give or take a fifth. */
export function startSweeping(
  sweep: (goOn: () => boolean) => Promise<SweepResult>,
  { everyMs, onSweep, onError }: SweepingRule,
): Sweeping {
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  async function once(): Promise<void> {
    try {
      const result = await sweep(() => !isStopped)
      await onSweep?.(result)
    } catch (error) {
      // What failed now, the next sweep does.
      if (isFunesError(error, 'CLIENT.CLOSED')) isStopped = true
      else await onError?.(error)
    }
  }
  function after(ms: number): void {
    if (isStopped) return
    timer = outside.runInAsyncScope(() =>
      setTimeout(() => {
        running = once()
          // A listener of the caller's that throws must end neither the process nor the sweeping.
          .catch(() => {})
          .then(() => after(everyMs * (1 - JITTER + 2 * JITTER * Math.random())))
      }, ms),
    )
    timer.unref()
  }
  after(everyMs * Math.random())
  return {
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
