import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { type ByteReader, createByteReader } from './byte-reader.js'
import { unavailable, type Zstd } from './compression.js'
import { MAX_LINE_BYTES } from './format.js'
import { MEMBER_HEAD_BYTES, MEMBER_START, MEMBER_TAIL_BYTES } from './pack.js'
import type { Compression } from './types.js'
import { zstdFrame } from './zstd-frames.js'

/** Whole lines that stand together in a file. */
export interface Frame {
  /** Where it begins and ends in the file. */
  readonly offset: number
  readonly end: number
  readonly lines: Buffer
}

const NEWLINE = 10
const PIECE_BYTES = 1 << 20
const MAX_FRAME_BYTES = MAX_LINE_BYTES + PIECE_BYTES
const inflate = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw)

type Unpacked = { size: number; lines: Buffer } | undefined

async function gzipMember(bytes: ByteReader, left: number): Promise<Unpacked> {
  const head = await bytes.take(MEMBER_HEAD_BYTES)
  if (head.length < MEMBER_HEAD_BYTES || !head.subarray(0, MEMBER_START.length).equals(MEMBER_START)) return
  const size = head.readUInt32LE(MEMBER_START.length)
  if (size < MEMBER_HEAD_BYTES + MEMBER_TAIL_BYTES || size > Math.min(left, MAX_FRAME_BYTES)) return
  const rest = await bytes.take(size - MEMBER_HEAD_BYTES)
  const tail = rest.length - MEMBER_TAIL_BYTES
  const lines = await inflate(rest.subarray(0, tail), { maxOutputLength: MAX_FRAME_BYTES })
  const isWhole =
    zlib.crc32(lines) === rest.readUInt32LE(tail) && lines.length === rest.readUInt32LE(tail + 4)
  return isWhole ? { size, lines } : undefined
}

async function zstdWhole(bytes: ByteReader): Promise<Unpacked> {
  const { zstdDecompress } = zlib as Zstd
  if (zstdDecompress === undefined) throw unavailable()
  const pieces: Buffer[] = []
  for await (const piece of zstdFrame(bytes, await bytes.take(4))) pieces.push(piece)
  const frame = Buffer.concat(pieces)
  const lines = await promisify(zstdDecompress)(frame, { maxOutputLength: MAX_FRAME_BYTES })
  return { size: frame.length, lines }
}

async function plainLines(bytes: ByteReader, before: { rest: Buffer }): Promise<Unpacked> {
  while (before.rest.length <= MAX_FRAME_BYTES) {
    const more = await bytes.take(PIECE_BYTES)
    if (more.length === 0) return
    const all = Buffer.concat([before.rest, more])
    const size = all.lastIndexOf(NEWLINE) + 1
    before.rest = all.subarray(size)
    if (size > 0) return { size, lines: all.subarray(0, size) }
  }
  return
}

/**
 * The frames of a file that are there to their end, up to the first that is not: a process that was killed, or a system that
 * lost power, leaves anything behind them.
 */
export async function* wholeFrames(path: string, compression: Compression, from = 0): AsyncGenerator<Frame> {
  const { size: fileSize } = await stat(path)
  const stream = createReadStream(path, { start: from })
  const bytes = createByteReader(stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>)
  const before = { rest: Buffer.alloc(0) }
  const read: Record<Compression, (left: number) => Promise<Unpacked>> = {
    gzip: (left) => gzipMember(bytes, left),
    zstd: () => zstdWhole(bytes),
    none: () => plainLines(bytes, before),
  }
  try {
    for (let offset = from; offset < fileSize; ) {
      const frame = await read[compression](fileSize - offset).catch((error: unknown) => {
        if (stream.errored || compression === 'none') throw error
        return undefined
      })
      if (frame === undefined || frame.lines.at(-1) !== NEWLINE) return
      yield { offset, end: offset + frame.size, lines: frame.lines }
      offset += frame.size
    }
  } finally {
    stream.destroy()
  }
}
