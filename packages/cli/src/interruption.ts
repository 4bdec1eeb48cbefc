import { constants } from 'node:os'

/** A wish to end, from the keyboard or from whoever runs the program. */
export interface Interruption {
  readonly signal: AbortSignal
  /** 128 and the signal's number, as shells have it; undefined while nobody has asked. */
  readonly exitCode: number | undefined
  interrupt(name?: NodeJS.Signals): void
  /** The work is done: from now on there is nothing to break off. */
  end(): void
  readonly isOver: boolean
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listens for Ctrl-C and its like. Once: the second ends the process at once. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  let isOver = false
  function interrupt(name: NodeJS.Signals = 'SIGINT'): void {
    exitCode ??= 128 + constants.signals[name]
    controller.abort()
  }
  for (const name of SIGNALS) process.once(name, () => interrupt(name))
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    interrupt,
    end() {
      isOver = true
    },
    get isOver() {
      return isOver
    },
  }
}

/** Rejects when `signal` aborts, after `work` has had `graceMs` to end by itself. */
export async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal, graceMs: number): Promise<T> {
  const ended = work.then(noop, noop)
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      const late = new Promise((resolve) => setTimeout(resolve, graceMs).unref())
      void Promise.race([ended, late]).then(() => reject(signal.reason))
    })
  })
  return Promise.race([work, interrupted])
}

const noop = () => {}
