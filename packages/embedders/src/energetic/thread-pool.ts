import { Worker } from 'node:worker_threads'
import { type EmbedderErrorCode, embedderError } from '../errors.js'
import type { Encoder } from './encoder.js'

export interface EncodeRequest {
  readonly id: number
  readonly text: string
}

export type EncodeReply =
  | { readonly id: number; readonly vector: Float32Array }
  | {
      readonly id: number
      readonly failure: { message: string; code: string | undefined; fix: string | undefined }
    }

interface Waiting {
  resolve(vector: Float32Array): void
  reject(error: unknown): void
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
}

const closed = () =>
  embedderError('EMBEDDER.CLOSED', 'The encoder was closed.', 'Make a new one with fromEnergetic().')

function failureOf(failure: { message: string; code: string | undefined; fix: string | undefined }): Error {
  const { message, code, fix } = failure
  return code?.startsWith('EMBEDDER.')
    ? embedderError(code as EmbedderErrorCode, message, fix ?? '')
    : new Error(message)
}

/**
 * An encoder that spreads texts over up to `size` worker threads, each with weights of its own (about 190 MB).
 * A thread is started when all others are busy, so one question alone loads the weights once.
 */
export function createThreadPool(size: number): Encoder {
  const threads = new Set<Thread>()
  let nextId = 0
  let isClosed = false

  function settle(thread: Thread, id: number): Waiting | undefined {
    const waiting = thread.waiting.get(id)
    thread.waiting.delete(id)
    // An idle thread must not keep the process alive; a busy one must.
    if (thread.waiting.size === 0) thread.worker.unref()
    return waiting
  }

  function retire(thread: Thread, error: unknown): void {
    threads.delete(thread)
    for (const { reject } of thread.waiting.values()) reject(error)
    thread.waiting.clear()
  }

  function start(): Thread {
    const thread: Thread = {
      // No flags of this process: some, as --input-type of `node -e`, stop a worker from starting.
      worker: new Worker(new URL('./encoder-thread.js', import.meta.url), { execArgv: [] }),
      waiting: new Map(),
    }
    thread.worker.on('message', (reply: EncodeReply) => {
      const waiting = settle(thread, reply.id)
      if ('vector' in reply) waiting?.resolve(reply.vector)
      else waiting?.reject(failureOf(reply.failure))
    })
    thread.worker.on('error', (error) => retire(thread, error))
    thread.worker.on('exit', () => retire(thread, closed()))
    threads.add(thread)
    return thread
  }

  function choose(): Thread {
    const [calmest] = [...threads].sort((a, b) => a.waiting.size - b.waiting.size)
    return calmest !== undefined && (calmest.waiting.size === 0 || threads.size >= size) ? calmest : start()
  }

  return {
    encode(text) {
      if (isClosed) return Promise.reject(closed())
      const thread = choose()
      const id = nextId++
      return new Promise((resolve, reject) => {
        thread.waiting.set(id, { resolve, reject })
        thread.worker.ref()
        thread.worker.postMessage({ id, text } satisfies EncodeRequest)
      })
    },
    async close() {
      isClosed = true
      await Promise.all([...threads].map(({ worker }) => worker.terminate()))
    },
  }
}
