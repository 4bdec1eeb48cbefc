import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { funesError } from '../errors/funes-error.js'
import type { Compression } from './types.js'

/** Vectors are noise to any compressor, and of text its quickest levels find nearly all that is to be found. */
const GZIP_LEVEL = 4

/** Came to Node after the oldest one that Funes runs on. */
interface Zstd {
  createZstdCompress?: () => Transform
  createZstdDecompress?: () => Transform
}

function unavailable() {
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

const starts = (head: Buffer, ...bytes: number[]) => head.subarray(0, bytes.length).equals(Buffer.from(bytes))

/**
 * What takes a file apart that begins with `head`, four bytes or more; undefined where nothing is to be done.
 *
 * @throws `ARCHIVE.COMPRESSION_UNAVAILABLE`
 */
export function createDecompressor(head: Buffer): Transform | undefined {
  // The magic numbers of RFC 1952 and RFC 8878.
  if (starts(head, 0x1f, 0x8b)) return zlib.createGunzip()
  if (!starts(head, 0x28, 0xb5, 0x2f, 0xfd)) return undefined
  const make = (zlib as Zstd).createZstdDecompress
  if (make === undefined) throw unavailable()
  return make()
}
