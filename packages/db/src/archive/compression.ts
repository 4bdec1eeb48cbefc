import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { funesError } from '../errors/funes-error.js'
import type { Compression } from './types.js'

/** Vectors are noise to any compressor, and of text its quickest levels find nearly all that is to be found. */
export const GZIP_LEVEL = 4

type Callback = (error: Error | null, result: Buffer) => void

/** Came to Node after the oldest one that Funes runs on. */
export interface Zstd {
  createZstdCompress?: () => Transform
  createZstdDecompress?: () => Transform
  zstdCompress?: (bytes: Buffer, done: Callback) => void
  zstdDecompress?: (bytes: Buffer, options: { maxOutputLength: number }, done: Callback) => void
}

export function unavailable() {
  return funesError('ARCHIVE.COMPRESSION_UNAVAILABLE', 'This Node has no zstd.', {
    fix: "Use compression: 'gzip', or Node 22.15 or newer; an archive is unpacked with `zstd -d`.",
    meta: { compression: 'zstd', node: process.versions.node },
  })
}

/** @throws `ARCHIVE.COMPRESSION_UNAVAILABLE` */
export function createCompressor(compression: Compression): Transform | undefined {
  if (compression === 'none') return undefined
  if (compression === 'gzip') return zlib.createGzip({ level: GZIP_LEVEL })
  const make = (zlib as Zstd).createZstdCompress
  if (make === undefined) throw unavailable()
  return make()
}

/** The magic numbers of RFC 1952 and RFC 8878, of its skippable frames too. */
export function compressionOf(head: Buffer): Compression {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return 'gzip'
  if (head.length < 4) return 'none'
  const magic = head.readUInt32LE(0)
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5 ? 'zstd' : 'none'
}

/** @throws `ARCHIVE.COMPRESSION_UNAVAILABLE` */
export function createZstdDecompressor(): Transform {
  const make = (zlib as Zstd).createZstdDecompress
  if (make === undefined) throw unavailable()
  return make()
}
