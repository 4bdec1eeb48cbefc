import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import type { CallOptions } from '../call-options.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import type { Holder } from './held.js'

/** What a call is doing: `work` is its own, such as reading its input or having texts embedded. */
export type Phase = 'work' | 'connection' | 'statement' | 'retry'

/** A public call under way. */
export interface Call {
  /** As in `memories.search`. */
  readonly operation: string
  /** Aborts with a FunesError as its reason; undefined where nothing can call it off. */
  readonly signal: AbortSignal | undefined
  /** By `performance.now()`; Infinity unless there is one. */
  readonly deadline: number
  /** Shared with the calls that it is made of. */
  readonly progress: { phase: Phase }
  /** Who is told of the connection that is got for it, and gets no other. */
  readonly holder?: Holder
}

const running = new AsyncLocalStorage<Call>()

/** The innermost call that the running code is part of. */
export const currentCall = (): Call | undefined => running.getStore()

/** Runs `work` as part of `call`. */
export const inCall = <T>(call: Call, work: () => T): T => running.run(call, work)

/** What each phase is called in the message of an error. */
export const DOING: Record<Phase, string> = {
  work: 'was at work on its own',
  connection: 'was waiting for a connection',
  statement: 'was running a statement',
  retry: 'was waiting to try again',
}

const FIX: Record<Phase, string> = {
  work: 'Nothing runs on in the database. Give it longer, or call it again.',
  connection: 'Nothing was sent. See `funes.pool` for who holds the connections; then call it again.',
  statement: 'Each of its writes was stored whole or not at all. Look how far it came, or call it again.',
  retry: 'See whether the database can be reached; a write was stored whole or not at all.',
}

const ADDS = /^memories\.(add|addMany|load)$/

function fixOf(operation: string, phase: Phase): string {
  if (phase !== 'statement' || !ADDS.test(operation)) return FIX[phase]
  return 'A write was stored whole or not at all: add with an `id` or `idempotencyKey` to repeat it safely.'
}

function calledOff(operation: string, phase: Phase, cause: unknown): FunesError {
  return funesError('CALL.ABORTED', `${operation} was called off while it ${DOING[phase]}.`, {
    fix: fixOf(operation, phase),
    meta: { operation, phase },
    cause,
  })
}

/** The answer to a call whose time is over. */
function callTimeout(operation: string, phase: Phase, timeoutMs: number): FunesError {
  return funesError('CALL.TIMEOUT', `${operation} took longer than ${timeoutMs} ms: it ${DOING[phase]}.`, {
    fix: fixOf(operation, phase),
    meta: { operation, phase, timeoutMs },
  })
}

/** A signal that aborts with either: of however many statements at once listen to it, Node need not warn. */
export function signalOf(own: AbortSignal, outer: AbortSignal | undefined): AbortSignal {
  const signal = outer === undefined ? own : AbortSignal.any([outer, own])
  setMaxListeners(0, signal)
  return signal
}

/** A call that begins now, inside of the one that the running code is part of. `end` must be called when it is over. */
export function beginCall(operation: string, options: CallOptions): { call: Call; end: () => void } {
  const outer = running.getStore()
  const progress = outer?.progress ?? { phase: 'work' }
  const { signal, timeoutMs } = options
  if (signal === undefined && timeoutMs === undefined) {
    const deadline = outer?.deadline ?? Number.POSITIVE_INFINITY
    return { call: { operation, signal: outer?.signal, deadline, progress }, end: () => {} }
  }
  const own = new AbortController()
  const onAbort = () => own.abort(calledOff(operation, progress.phase, signal?.reason))
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => own.abort(callTimeout(operation, progress.phase, timeoutMs)), timeoutMs)
  const deadline = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY)
  return {
    call: {
      operation,
      signal: signalOf(own.signal, outer?.signal),
      deadline: Math.min(deadline, outer?.deadline ?? Number.POSITIVE_INFINITY),
      progress,
    },
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}

/** What `promise` comes to, or the signal's reason as soon as it aborts; what `promise` comes to then is nobody's. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    const done = () => signal.removeEventListener('abort', onAbort)
    promise.then(resolve, (error: unknown) => reject(signal.aborted ? signal.reason : error)).finally(done)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}
