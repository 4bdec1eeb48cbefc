import { type FunesError, funesError } from '../errors/funes-error.js'
import { DOING, type Phase } from './call.js'
import { isBusy } from './cancel.js'
import type { Holder } from './held.js'

/** The time that a transaction may take, its repetitions counted. */
export interface TimeLimit {
  /** Aborts when the time is over, unless it is stopped. */
  readonly signal: AbortSignal
  /** In milliseconds; less than nothing when it is over. */
  left(): number
  /** Watches over an attempt: from its first connection on, for which none has waited yet. */
  watch(holder: Holder): void
  /** To be called when the attempt may be called off no more. */
  stop(): void
  /** Says that it is over, if it is: a timer is late where something blocks the process. */
  throwIfOver(): void
}

function transactionTimeout(phase: Phase, timeoutMs: number): FunesError {
  return funesError(
    'TRANSACTION.TIMEOUT',
    `The transaction took longer than ${timeoutMs} ms and was rolled back: it ${DOING[phase]}.`,
    { fix: 'Make it shorter, or raise its `timeoutMs`.', meta: { phase, timeoutMs } },
  )
}

export function createTimeLimit(timeoutMs: number): TimeLimit {
  const own = new AbortController()
  let begunAt: number | undefined
  let timer: NodeJS.Timeout | undefined
  const left = () => (begunAt === undefined ? timeoutMs : begunAt + timeoutMs - performance.now())

  function end({ held }: Holder): void {
    const phase = held === undefined ? 'connection' : isBusy(held.client) ? 'statement' : 'work'
    own.abort(transactionTimeout(phase, timeoutMs))
  }

  let current: Holder = {}
  return {
    signal: own.signal,
    left,
    watch(holder) {
      current = holder
      begunAt ??= holder.held?.since
      clearTimeout(timer)
      if (begunAt !== undefined) timer = setTimeout(() => end(holder), Math.max(0, left()))
    },
    stop: () => clearTimeout(timer),
    throwIfOver() {
      if (left() <= 0 && !own.signal.aborted) end(current)
      own.signal.throwIfAborted()
    },
  }
}
