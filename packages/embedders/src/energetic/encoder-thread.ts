import { parentPort } from 'node:worker_threads'
import { loadEncoder } from './encoder.js'
import type { EncodeReply, EncodeRequest } from './thread-pool.js'

const port = parentPort
if (port === null) throw new Error('encoder-thread.js runs as a worker thread only')

const loading = loadEncoder()
// A failed load is reported with the first request; until then nobody may be there to hear of it.
loading.catch(() => undefined)

port.on('message', async ({ id, text }: EncodeRequest) => {
  try {
    const encoder = await loading
    const vector = await encoder.encode(text)
    port.postMessage({ id, vector } satisfies EncodeReply, [vector.buffer as ArrayBuffer])
  } catch (cause) {
    // Structured cloning drops the properties of an error, so those that matter travel beside it.
    const { message, code, fix } = cause as Error & { code?: string; fix?: string }
    port.postMessage({ id, failure: { message, code, fix } } satisfies EncodeReply)
  }
})
