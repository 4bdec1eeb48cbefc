import { setTimeout as sleep } from 'node:timers/promises'
import type { Gate } from './gate.js'

/** How a Funes is closed. */
export interface CloseOptions {
  /** So long calls that are running may take to end, 0 to 86,400,000; then their connections are ended. 10,000 unless given. */
  deadlineMs?: number
}

export interface Closing {
  hasBegun(): boolean
  isOver(): boolean
  /** Counts a call until what this answers with is called. */
  enter(): () => void
  close(options?: CloseOptions): Promise<void>
}

const DEFAULT_DEADLINE_MS = 10_000
/** So long the end of the pool is waited for, where something had to be broken off. */
const GRACE_MS = 1_000

export function createClosing({ gate, end }: { gate: Gate; end: () => Promise<void> }): Closing {
  let running = 0
  let closing: Promise<void> | undefined
  let isOver = false
  let onLast: (() => void) | undefined

  async function drain(): Promise<void> {
    if (running > 0) {
      await new Promise<void>((resolve) => {
        onLast = resolve
      })
    }
    await gate.whenIdle()
  }

  async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
    const timer = new AbortController()
    const late = sleep(ms, true, { signal: timer.signal }).catch(() => false)
    const isLate = await Promise.race([work.then(() => false), late])
    timer.abort()
    return isLate
  }

  async function close({ deadlineMs = DEFAULT_DEADLINE_MS }: CloseOptions): Promise<void> {
    const isLate = await within(deadlineMs, drain())
    isOver = true
    gate.shut()
    const ended = end()
    // What was broken off may end badly, or not at all.
    if (isLate)
      await within(
        GRACE_MS,
        ended.catch(() => {}),
      )
    else await ended
    gate.leave()
  }

  return {
    hasBegun: () => closing !== undefined,
    isOver: () => isOver,
    enter() {
      running += 1
      return () => {
        running -= 1
        if (running === 0) onLast?.()
      }
    },
    close(options = {}) {
      closing ??= close(options)
      return closing
    },
  }
}
