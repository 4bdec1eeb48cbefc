import { z } from 'zod'
import type { CallOptions } from './call-options.js'
import { beginCall, type Call, callTimeout, inCall, untilAborted } from './engine/call.js'
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
    if (!isOver) void iterator.return?.()?.catch(() => {})
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

function stoppable(args: unknown[], signal: AbortSignal | undefined): unknown[] {
  if (signal === undefined) return args
  return args.map((arg) => (isAsyncIterable(arg) ? untilGivenUp(arg, signal) : arg))
}

/** A signal that also aborts when the time is over, for a method that listens to one itself. */
function withTimeout(operation: string, { signal, timeoutMs }: CallOptions) {
  if (timeoutMs === undefined) return { signal, end: () => {} }
  const own = new AbortController()
  const timer = setTimeout(() => own.abort(callTimeout(operation, 'work', timeoutMs)), timeoutMs)
  return {
    signal: signal === undefined ? own.signal : AbortSignal.any([signal, own.signal]),
    end: () => clearTimeout(timer),
  }
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

  function withOwnSignal(operation: string, method: Method): Method {
    return (...args) => {
      if (!engine.admits()) return Promise.reject(clientClosed())
      const { call, end } = beginCall(operation, NONE)
      const last = args.at(-1)
      if (!isOptions(last)) return track(call, () => method(...args), end, true)
      const { timeoutMs, ...rest } = last
      try {
        checked(optionsSchema, { signal: last.signal, timeoutMs })
      } catch (error) {
        return Promise.reject(error)
      }
      const limited = withTimeout(operation, last)
      const options = limited.signal === undefined ? rest : { ...rest, signal: limited.signal }
      const given = stoppable([...args.slice(0, -1), options], limited.signal)
      return track(call, () => method(...given), limited.end, true)
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
