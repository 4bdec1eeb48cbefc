import { createReadStream, statSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { currentCall } from '../engine/call.js'
import { isFunesError } from '../errors/funes-error.js'
import { createByteReader } from './byte-reader.js'
import { compressionOf } from './compression.js'
import { ioFault } from './faults.js'
import { gunzip } from './gzip-members.js'
import { unzstd } from './zstd-frames.js'

/** An archive that can be read again from its beginning. */
export interface Source {
  /** Its bytes, decompressed. Not twice at once. */
  read(): AsyncIterable<Buffer>
  /** Removes what was kept of it. */
  dispose(): Promise<void>
}

const HEAD_BYTES = 4

async function* readable(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) {
      currentCall()?.signal?.throwIfAborted()
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    }
  } catch (error) {
    throw isFunesError(error) ? error : ioFault('read', error)
  }
}

/** Decompresses `raw` if it begins as something compressed. */
async function* decompressed(raw: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0)
  try {
    while (head.length < HEAD_BYTES) {
      const { value, done } = await raw.next()
      if (done) break
      head = Buffer.concat([head, value])
    }
    const whole = (async function* () {
      yield head
      yield* raw
    })()
    const compression = compressionOf(head)
    if (compression === 'none') return yield* whole
    if (compression === 'zstd') return yield* unzstd(createByteReader(whole))
    return yield* gunzip(createByteReader(whole))
  } finally {
    // Not waited for: it may be waiting for bytes that never come.
    raw.return(undefined).catch(() => {})
  }
}

function fromFile(path: string): Source {
  return {
    read: () => decompressed(readable(createReadStream(path))),
    dispose: async () => {},
  }
}

/** What is read the first time is written to a temporary file, from which it is read again. */
function fromStream(stream: Readable): Source {
  let dir: string | undefined
  let path: string | undefined

  async function* keeping(): AsyncGenerator<Buffer> {
    dir = await mkdtemp(join(tmpdir(), 'funes-import-'))
    path = join(dir, 'archive')
    const file = await open(path, 'w', 0o600)
    try {
      for await (const chunk of readable(stream)) {
        await file.writeFile(chunk)
        yield chunk
      }
    } finally {
      await file.close()
    }
  }

  return {
    read: () => decompressed(path === undefined ? keeping() : readable(createReadStream(path))),
    async dispose() {
      stream.destroy()
      if (dir !== undefined) await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Whether what stands at a path can be read once only, as a pipe. What cannot be looked at, reading tells of. */
function isPassing(path: string): boolean {
  try {
    const found = statSync(path)
    return !found.isFile() && !found.isDirectory()
  } catch {
    return false
  }
}

/** Opened when it is read, and not before. */
async function* bytesAt(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path)
}

/** An archive at a path, or in a stream. */
export function createSource(from: string | Readable): Source {
  if (typeof from !== 'string') return fromStream(from)
  return isPassing(from) ? fromStream(Readable.from(bytesAt(from))) : fromFile(from)
}
