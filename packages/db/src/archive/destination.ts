import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
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

async function pour(
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

/** Makes sure that a new name outlasts a loss of power, where the system has a way to. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r').catch(() => undefined)
  await directory?.sync().catch(() => {})
  await directory?.close()
}

/** What the file system refuses. */
function failing<T>(done: Promise<T>): Promise<T> {
  return done.catch((error: unknown) => {
    throw ioFault('written', error)
  })
}

async function pourToFile(
  chunks: AsyncIterable<Buffer>,
  path: string,
  compression: Compression,
): Promise<{ bytes: number }> {
  const part = `${path}.part`
  try {
    // One that was left by an export that was killed may be open to others.
    await failing(rm(part, { force: true }))
    // Of no use to anybody but who made it: it holds what people said. Flushed to the disk before it is closed.
    const written = await pour(chunks, createWriteStream(part, { mode: 0o600, flush: true }), compression)
    await failing(rename(part, path))
    await syncDirectory(path)
    return written
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw error
  }
}

/**
 * Writes `chunks` to a path or stream, compressed, no faster than it takes them. At a path, what was there stands until
 * all is written.
 *
 * @throws what `chunks` throws, `ARCHIVE.IO`, `ARCHIVE.COMPRESSION_UNAVAILABLE`
 */
export function writeTo(
  to: string | Writable,
  chunks: AsyncIterable<Buffer>,
  compression: Compression,
): Promise<{ bytes: number }> {
  return typeof to === 'string' ? pourToFile(chunks, to, compression) : pour(chunks, to, compression)
}
