import { Readable } from 'node:stream'
import type { ByteReader } from './byte-reader.js'
import { createZstdDecompressor } from './compression.js'

const SKIPPABLE = 0x184d2a5
const PIECE_BYTES = 1 << 16

/** As zlib's own, which are known for what they are. */
const fault = (code: 'ZSTD_corrupted' | 'Z_BUF_ERROR') =>
  Object.assign(new Error(code === 'Z_BUF_ERROR' ? 'unexpected end of file' : 'not a zstd frame'), { code })

const isSkippable = (head: Buffer) => head.length === 4 && head.readUInt32LE(0) >>> 4 === SKIPPABLE

async function exactly(bytes: ByteReader, count: number): Promise<Buffer> {
  const taken = await bytes.take(count)
  if (taken.length < count) throw fault('Z_BUF_ERROR')
  return taken
}

/**
 * The pieces of one zstd frame (RFC 8878, section 3.1.1), whose end is known from the sizes of its blocks; none at the end.
 *
 * @param head its magic number
 */
export async function* zstdFrame(bytes: ByteReader, head: Buffer): AsyncGenerator<Buffer> {
  if (head.length < 4) throw fault('Z_BUF_ERROR')
  if (isSkippable(head)) {
    let left = (await exactly(bytes, 4)).readUInt32LE(0)
    for (; left > 0; left -= Math.min(left, PIECE_BYTES)) await exactly(bytes, Math.min(left, PIECE_BYTES))
    return
  }
  if (head.readUInt32LE(0) !== 0xfd2fb528) throw fault('ZSTD_corrupted')
  const descriptor = await exactly(bytes, 1)
  const flags = descriptor[0] as number
  const isSingle = (flags & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][flags & 3] as number
  const contentSize = flags >> 6 === 0 ? Number(isSingle) : 1 << (flags >> 6)
  yield Buffer.concat([head, descriptor, await exactly(bytes, (isSingle ? 0 : 1) + dictionary + contentSize)])
  for (let isLast = false; !isLast; ) {
    const start = await exactly(bytes, 3)
    const block = start.readUIntLE(0, 3)
    isLast = (block & 1) === 1
    const isRunLength = ((block >> 1) & 3) === 1
    yield Buffer.concat([start, await exactly(bytes, isRunLength ? 1 : block >> 3)])
  }
  if ((flags & 4) !== 0) yield await exactly(bytes, 4)
}

/** Decompresses all frames: Node's own decompressor ends with the first, and says nothing of what follows. */
export async function* unzstd(bytes: ByteReader): AsyncGenerator<Buffer> {
  for (let head = await bytes.take(4); head.length > 0; head = await bytes.take(4)) {
    const frame = zstdFrame(bytes, head)
    if (isSkippable(head)) {
      await frame.next()
      continue
    }
    const decompressor = createZstdDecompressor()
    const input = Readable.from(frame)
    input.on('error', (error) => decompressor.destroy(error))
    try {
      yield* input.pipe(decompressor) as AsyncIterable<Buffer>
    } finally {
      input.destroy()
      decompressor.destroy()
    }
  }
}
