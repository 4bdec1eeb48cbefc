import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { ARCHIVE_TABLE_NAMES } from '../sql/archive-tables.js'

/** What the first line says that this is. */
export const FORMAT = 'funes-archive'
/** Raised when an older reader would misread; a new table or column does not raise it. */
export const FORMAT_VERSION = 1

/** `,"crc":"01234567"}`: what every line ends with. */
export const CRC_SUFFIX = /^,"crc":"([0-9a-f]{8})"\}$/
export const CRC_SUFFIX_BYTES = 18

/** A line longer than any row can be. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024

const table = z.enum(ARCHIVE_TABLE_NAMES)
const crc = z.string()

export const headerSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  funes: z.string(),
  createdAt: z.iso.datetime(),
  engine: z.enum(['server', 'embedded']),
  /** The columns that rows of each table have. */
  tables: z.partialRecord(table, z.array(z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)).min(1)),
  crc,
})
export type Header = z.infer<typeof headerSchema>

export const recordSchema = z.strictObject({
  table,
  row: z.record(z.string(), z.unknown()),
  vector: z.base64().optional(),
  crc,
})

export const footerSchema = z.strictObject({
  end: z.literal(true),
  counts: z.partialRecord(table, z.int().min(0)),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  crc,
})
export type Footer = z.infer<typeof footerSchema>

/** Finishes lines with their checksums. */
export interface LineWriter {
  readonly lines: number
  /** SHA-256 of all lines so far, in hexadecimal. */
  digest(): string
  /** @param open a JSON object without its closing brace */
  line(open: string): Buffer
}

/**
 * Each line carries the CRC-32 of all lines up to and with it, without their own checksums: one that is changed, missing, doubled or in another's
 * place is found where it stands.
 */
export function createLineWriter(): LineWriter {
  const sha = createHash('sha256')
  let running = 0
  let lines = 0
  return {
    get lines() {
      return lines
    },
    digest: () => sha.copy().digest('hex'),
    line(open) {
      const line = Buffer.from(`${open},"crc":"00000000"}\n`)
      running = crc32(line.subarray(0, line.length - CRC_SUFFIX_BYTES - 1), running)
      line.write(running.toString(16).padStart(8, '0'), line.length - 11, 'latin1')
      sha.update(line)
      lines++
      return line
    },
  }
}
