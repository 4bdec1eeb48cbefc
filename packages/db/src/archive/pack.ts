import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { GZIP_LEVEL, unavailable, type Zstd } from './compression.js'
import type { Compression } from './types.js'

/** Lines that are compressed together, in bytes. What an interrupted export loses is no more than that. */
const FRAME_BYTES = 1 << 20
const PLAIN_BYTES = 1 << 16

export const MEMBER_HEAD_BYTES = 20
export const MEMBER_TAIL_BYTES = 8
/** gzip with an extra field (RFC 1952) of the type `Fu`, whose value is the length of the member. */
export const MEMBER_START = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, 0x46, 0x75, 4, 0])

const deflate = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.deflateRaw)

async function gzipMember(piece: Buffer): Promise<Buffer> {
  const deflated = await deflate(piece, { level: GZIP_LEVEL })
  const head = Buffer.alloc(MEMBER_HEAD_BYTES)
  MEMBER_START.copy(head)
  head.writeUInt32LE(MEMBER_HEAD_BYTES + deflated.length + MEMBER_TAIL_BYTES, 16)
  const tail = Buffer.alloc(MEMBER_TAIL_BYTES)
  tail.writeUInt32LE(zlib.crc32(piece), 0)
  tail.writeUInt32LE(piece.length, 4)
  return Buffer.concat([head, deflated, tail])
}

/** Makes of whole lines what can be appended to a file: a gzip member, a zstd frame, or the lines. */
export interface Packer {
  /** At most so many bytes of lines at once, unless one line is longer. */
  readonly bytes: number
  pack(lines: Buffer): Promise<Buffer>
}

/** @throws `ARCHIVE.COMPRESSION_UNAVAILABLE` */
export function createPacker(compression: Compression): Packer {
  if (compression === 'none') return { bytes: PLAIN_BYTES, pack: async (lines) => lines }
  if (compression === 'gzip') return { bytes: FRAME_BYTES, pack: gzipMember }
  const { zstdCompress } = zlib as Zstd
  if (zstdCompress === undefined) throw unavailable()
  return { bytes: FRAME_BYTES, pack: promisify(zstdCompress) }
}

/** Packs lines while the next are made. */
export async function* packed(lines: AsyncIterable<Buffer>, { bytes, pack }: Packer): AsyncGenerator<Buffer> {
  let ahead: Promise<Buffer> | undefined
  for await (const piece of joined(lines, bytes)) {
    const next = pack(piece)
    next.catch(() => {})
    if (ahead !== undefined) yield await ahead
    ahead = next
  }
  if (ahead !== undefined) yield await ahead
}

/** Puts lines together until they have so many bytes. */
export async function* joined(lines: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let size = 0
  for await (const line of lines) {
    held.push(line)
    size += line.length
    if (size < bytes) continue
    yield Buffer.concat(held)
    held = []
    size = 0
  }
  if (held.length > 0) yield Buffer.concat(held)
}
