import { z } from 'zod'
import type { CallOptions } from './call-options.js'
import { beginCall, type Call, currentCall, inCall, untilAborted } from './engine/call.js'
import type { Engine } from './engine/engine.js'
import { clientClosed } from './engine/gate.js'
import { checked } from './input.js'

/** Public calls: what they are called, how they are called off, and how many of them run. */
export interface Calls {
  /**
   * The same methods, of which each takes `signal` and `timeoutMs` in its last argument, if that is an object, and obeys
   * them. Those of `ownSignal` stop by themselves where it suits them, and are only handed the time limit as a signal.
   */
  over<S extends object>(name: string, store: S, ownSignal?: readonly string[]): S
  /** Runs `work` as the call `operation`; one that is not `prompt` is waited for, even after it was called off. */
  run<T>(operation: string, options: CallOptions, work: () => Promise<T>, prompt?: boolean): Promise<T>
}

type Method = (...args: unknown[]) => unknown

const optionsSchema = z.object({
  signal: z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }).optional(),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
})

const NONE: CallOptions = {}

function isOptions(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && ('signal' in value || 'timeoutMs' in value)
}

/** Gives an iterable of a caller's up when the signal aborts, even in the middle of waiting for its next. */
async function* untilGivenUp(items: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<unknown> {
  const iterator = items[Symbol.asyncIterator]()
  let isOver = false
  try {
    while (true) {
      signal.throwIfAborted()
      const next = await untilAborted(iterator.next(), signal)
      isOver = next.done === true
      if (isOver) return
      yield next.value
    }
  } finally {
    // Not waited for: it may be what hangs.
    if (!isOver) {
      const end = async () => iterator.return?.()
      end().catch(() => {})
    }
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

function stoppable(args: unknown[], signal: AbortSignal | undefined): unknown[] {
  if (signal === undefined) return args
  return args.map((arg) => (isAsyncIterable(arg) ? untilGivenUp(arg, signal) : arg))
}

export function createCalls(engine: Pick<Engine, 'admits' | 'enter'>): Calls {
  /** Runs `work` in `call`, and does `end` when it is over, however. */
  function track<T>(call: Call, work: () => T, end: () => void, prompt: boolean): T {
    const leave = engine.enter()
    const over = () => {
      end()
      leave()
    }
    let result: T
    try {
      result = inCall(call, work)
    } catch (error) {
      over()
      throw error
    }
    if (!(result instanceof Promise)) {
      over()
      return result
    }
    result.then(over, over)
    return (prompt ? untilAborted(result, call.signal) : result) as T
  }

  function plain(operation: string, method: Method): Method {
    return (...args) => {
      if (!engine.admits()) return Promise.reject(clientClosed())
      const last = args.at(-1)
      if (!isOptions(last)) {
        const { call, end } = beginCall(operation, NONE)
        return track(call, () => method(...args), end, true)
      }
      const { signal, timeoutMs, ...rest } = last
      let options: CallOptions
      try {
        options = checked(optionsSchema, { signal, timeoutMs }) as CallOptions
      } catch (error) {
        return Promise.reject(error)
      }
      const { call, end } = beginCall(operation, options)
      const given = stoppable([...args.slice(0, -1), rest], call.signal)
      return track(call, () => method(...given), end, true)
    }
  }

  /** What a method that stops by itself fails with when it was called off, whatever that looked like from inside. */
  async function untilStopped<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await result
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    }
  }

  function withOwnSignal(operation: string, method: Method): Method {
    return (...args) => {
      if (!engine.admits()) return Promise.reject(clientClosed())
      const last = args.at(-1)
      if (!isOptions(last)) {
        const { call, end } = beginCall(operation, NONE)
        return track(call, () => method(...args), end, true)
      }
      const { signal: given, timeoutMs, ...rest } = last
      let options: CallOptions
      try {
        options = checked(optionsSchema, { signal: given, timeoutMs }) as CallOptions
      } catch (error) {
        return Promise.reject(error)
      }
      const { call, end } = beginCall(operation, options)
      const { signal } = call
      if (signal?.aborted) {
        end()
        return Promise.reject(signal.reason)
      }
      const stopping = signal === undefined ? rest : { ...rest, signal }
      const work = () => method(...stoppable([...args.slice(0, -1), stopping], signal))
      // Its statements are not cancelled: it ends where nothing is left half done.
      const result = track({ ...call, signal: currentCall()?.signal }, work, end, true)
      return result instanceof Promise ? untilStopped(result, signal) : result
    }
  }

  return {
    over(name, store, ownSignal = []) {
      const made: Record<string, unknown> = {}
      for (const [key, value] of Object.entries(store)) {
        const operation = `${name}.${key}`
        if (typeof value !== 'function') made[key] = value
        else made[key] = (ownSignal.includes(key) ? withOwnSignal : plain)(operation, value as Method)
      }
      return made as typeof store
    },
    async run(operation, options, work, prompt = true) {
      if (!engine.admits()) throw clientClosed()
      const { call, end } = beginCall(operation, options)
      return track(call, work, end, prompt)
    },
  }
}
