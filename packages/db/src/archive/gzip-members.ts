import { once } from 'node:events'
import { crc32, createInflateRaw } from 'node:zlib'
import type { ByteReader } from './byte-reader.js'

const MAGIC = Buffer.from([0x1f, 0x8b, 8])
const HEAD_BYTES = 10
const TAIL_BYTES = 8
/** Flags of RFC 1952. */
const HAS_CRC = 2
const HAS_EXTRA = 4
const HAS_NAME = 8
const HAS_COMMENT = 16
const PIECE_BYTES = 1 << 15

/** As zlib's own, which are known for what they are. */
const fault = (code: 'Z_DATA_ERROR' | 'Z_BUF_ERROR', message: string) =>
  Object.assign(new Error(message), { code })

async function exactly(bytes: ByteReader, count: number): Promise<Buffer> {
  const taken = await bytes.take(count)
  if (taken.length < count) throw fault('Z_BUF_ERROR', 'unexpected end of file')
  return taken
}

async function skipText(bytes: ByteReader): Promise<void> {
  while ((await exactly(bytes, 1))[0] !== 0);
}

/** What blocks of tapes and disks are filled up with. */
async function isPadding(bytes: ByteReader): Promise<boolean> {
  for (;;) {
    const piece = await bytes.take(PIECE_BYTES)
    if (piece.length === 0) return true
    if (piece.some((byte) => byte !== 0)) return false
  }
}

/** Whether there is one more member. */
async function readHead(bytes: ByteReader): Promise<boolean> {
  const magic = await bytes.take(MAGIC.length)
  if (magic.length === 0) return false
  if (!magic.equals(MAGIC.subarray(0, magic.length))) {
    if (magic.every((byte) => byte === 0) && (await isPadding(bytes))) return false
    throw fault('Z_DATA_ERROR', 'what follows is not gzip')
  }
  const rest = await exactly(bytes, HEAD_BYTES - magic.length)
  const flags = rest[0] as number
  if (flags & HAS_EXTRA) await exactly(bytes, (await exactly(bytes, 2)).readUInt16LE(0))
  if (flags & HAS_NAME) await skipText(bytes)
  if (flags & HAS_COMMENT) await skipText(bytes)
  if (flags & HAS_CRC) await exactly(bytes, 2)
  return true
}

/** One member after its head. Whatever can be had of it comes before a fault does. */
async function* readMember(bytes: ByteReader): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw()
  const ended = once(inflate, 'end')
  ended.catch(() => {})
  let out: Buffer[] = []
  inflate.on('data', (chunk: Buffer) => out.push(chunk))
  let given = 0
  let crc = 0
  let size = 0
  let failure: unknown
  try {
    for (let isOver = false; !isOver && failure === undefined; ) {
      const piece = await bytes.take(PIECE_BYTES)
      given += piece.length
      // Of a piece behind whose beginning the member ends, the end is all that is heard.
      const taken =
        piece.length === 0
          ? new Promise<void>((resolve) => inflate.end(resolve)).then(() => ended)
          : new Promise<void>((resolve) => inflate.write(piece, () => resolve()))
      await Promise.race([taken, ended.then(() => (isOver = true))]).catch((error: unknown) => {
        failure = error
      })
      const made = out
      out = []
      for (const chunk of made) {
        crc = crc32(chunk, crc)
        size += chunk.length
        yield chunk
      }
      if (piece.length === 0) isOver = true
      if (isOver && piece.length > 0)
        bytes.putBack(piece.subarray(piece.length - (given - inflate.bytesWritten)))
    }
  } finally {
    inflate.destroy()
  }
  if (failure !== undefined) throw failure
  const tail = await exactly(bytes, TAIL_BYTES)
  if (tail.readUInt32LE(0) !== crc || tail.readUInt32LE(4) !== size % 2 ** 32)
    throw fault('Z_DATA_ERROR', 'incorrect data check')
}

/**
 * Decompresses gzip, member by member (RFC 1952): Node's own decompressor keeps back what it has when it meets with something that it
 * cannot read, and so the last lines before it.
 */
export async function* gunzip(bytes: ByteReader): AsyncGenerator<Buffer> {
  while (await readHead(bytes)) yield* readMember(bytes)
}
