import { createHash, type Hash } from 'node:crypto'
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
  /** Tells the database from others; says nothing else about it. */
  database: z.string().optional(),
  /** What was asked for, where that is not everything. */
  only: z.object({ users: z.array(z.string()).nullable(), includeDeleted: z.boolean() }).optional(),
  /** The columns that rows of each table have. */
  tables: z.partialRecord(table, z.array(z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)).min(1)),
  crc,
})
export type Header = z.infer<typeof headerSchema>

/** Says that what follows is as it was at another moment: an export went on that had been interrupted. */
export const resumedSchema = z.strictObject({ resumed: z.iso.datetime(), crc })

export const recordSchema = z.strictObject({
  table,
  row: z.record(z.string(), z.unknown()),
  vector: z.base64().optional(),
  crc,
})

export const footerSchema = z.strictObject({
  end: z.literal(true),
  counts: z.partialRecord(table, z.int().min(0)),
  /** As the first line and those of `resumed` have them, where there is more than one. */
  moments: z.array(z.iso.datetime()).min(2).optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  crc,
})
export type Footer = z.infer<typeof footerSchema>

/** What checksums go on from. */
export interface LineState {
  readonly lines: number
  /** CRC-32 of all lines, without their own checksums. */
  readonly crc: number
  /** SHA-256 of all lines. */
  readonly sha: Hash
}

export const noLines = (): LineState => ({ lines: 0, crc: 0, sha: createHash('sha256') })

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
 *
 * @param from of the lines before, which is not changed
 */
export function createLineWriter(from: LineState = noLines()): LineWriter {
  const sha = from.sha.copy()
  let running = from.crc
  let lines = from.lines
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
