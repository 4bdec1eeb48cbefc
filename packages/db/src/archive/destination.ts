import { Readable, Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { currentCall } from '../engine/call.js'
import { isFunesError } from '../errors/funes-error.js'
import { createCompressor } from './compression.js'
import { ioFault } from './faults.js'
import type { Compression } from './types.js'

/** Counts what passes. */
function createCounter(): Transform & { bytes: number } {
  const counter = Object.assign(
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        counter.bytes += chunk.length
        done(null, chunk)
      },
    }),
    { bytes: 0 },
  )
  return counter
}

/**
 * Writes `chunks` to a stream, compressed, no faster than it takes them.
 *
 * @throws what `chunks` throws, `ARCHIVE.IO`, `ARCHIVE.COMPRESSION_UNAVAILABLE`
 */
export async function writeStream(
  chunks: AsyncIterable<Buffer>,
  to: Writable,
  compression: Compression,
): Promise<{ bytes: number }> {
  const compressor = createCompressor(compression)
  const counter = createCounter()
  const signal = currentCall()?.signal
  // Whoever runs the process has a use for its standard output afterwards.
  const end = to !== process.stdout && to !== process.stderr
  let failure: unknown
  // Told apart from what goes wrong at the other end, which some releases of Node throw into the generator.
  async function* pieces(): AsyncGenerator<Buffer> {
    const iterator = chunks[Symbol.asyncIterator]()
    try {
      while (true) {
        const next = await iterator.next().catch((error: unknown) => {
          failure = error
          throw error
        })
        if (next.done) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  // With a greater mark, sixteen pieces would be made ahead of whoever takes them.
  const source = Readable.from(pieces(), { highWaterMark: 1 })
  try {
    const stages = compressor === undefined ? [source, counter, to] : [source, compressor, counter, to]
    await pipeline(stages as [Readable, Transform, Writable], { end, ...(signal && { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    if (failure !== undefined || isFunesError(error)) throw failure ?? error
    throw ioFault('written', error)
  }
  return { bytes: counter.bytes }
}
