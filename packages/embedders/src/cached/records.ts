import { appendFile, readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** The file is a run of these, each: marker, key, vector (float32, this machine's byte order), CRC-32 of key and vector. */
export interface CacheRecord {
  /** 64 hexadecimal digits. */
  readonly key: string
  readonly vector: Float32Array
}

const MARKER = Buffer.from('FnV1')
const KEY_BYTES = 32
const CRC_BYTES = 4

const recordBytes = (dimensions: number) => MARKER.length + KEY_BYTES + 4 * dimensions + CRC_BYTES

function writeRecord({ key, vector }: CacheRecord): Buffer {
  const body = Buffer.concat([
    Buffer.from(key, 'hex'),
    new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength),
  ])
  const check = Buffer.alloc(CRC_BYTES)
  check.writeUInt32LE(crc32(body))
  return Buffer.concat([MARKER, body, check])
}

/**
 * Appends records in one write, so that those of two processes do not mix.
 */
export async function appendRecords(path: string, records: readonly CacheRecord[]): Promise<void> {
  if (records.length > 0) await appendFile(path, Buffer.concat(records.map(writeRecord)))
}

/**
 * Reads the whole records of a file, by key; a missing file has none.
 *
 * What is not a whole record (the tail of a write that was cut off) is skipped up to the next marker. Nothing is
 * ever cut from the file: another process may be about to append to it.
 */
export async function readRecords(path: string, dimensions: number): Promise<Map<string, Float32Array>> {
  const records = new Map<string, Float32Array>()
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  const size = recordBytes(dimensions)
  let offset = file.indexOf(MARKER)
  while (offset >= 0 && offset + size <= file.length) {
    const body = file.subarray(offset + MARKER.length, offset + size - CRC_BYTES)
    const isWhole = crc32(body) === file.readUInt32LE(offset + size - CRC_BYTES)
    if (isWhole) {
      const vector = new Float32Array(dimensions)
      new Uint8Array(vector.buffer).set(body.subarray(KEY_BYTES))
      records.set(body.toString('hex', 0, KEY_BYTES), vector)
    }
    offset = file.indexOf(MARKER, isWhole ? offset + size : offset + 1)
  }
  return records
}
