import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { damaged, incomplete } from './faults.js'
import { CRC_SUFFIX, CRC_SUFFIX_BYTES, FORMAT, MAX_LINE_BYTES } from './format.js'

/** A line that is what was written. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string
  readonly value: Record<string, unknown>
  /** SHA-256 of all lines before it, in hexadecimal. */
  digestBefore(): string
}

const NEWLINE = 10
const FIRST = Buffer.from(`{"format":"${FORMAT}"`)

/** Whether a first line is one of ours at all: what is not, is no damaged archive but something else. */
export function isOurs(first: Buffer): boolean {
  return first.subarray(0, FIRST.length).equals(FIRST) || CRC_SUFFIX.test(tail(first).toString('latin1'))
}

const tail = (line: Buffer): Buffer => line.subarray(Math.max(0, line.length - CRC_SUFFIX_BYTES))

/** What is before each line break, and what is left after the last. */
async function* split(
  chunks: AsyncIterable<Buffer>,
  onTooLong: () => never,
): AsyncGenerator<{ line: Buffer; isWhole: boolean }> {
  let pieces: Buffer[] = []
  let held = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const last = chunk.subarray(start, end)
      yield { line: pieces.length === 0 ? last : Buffer.concat([...pieces, last]), isWhole: true }
      pieces = []
      held = 0
      start = end + 1
    }
    if (start === chunk.length) continue
    pieces.push(start === 0 ? chunk : chunk.subarray(start))
    held += chunk.length - start
    if (held > MAX_LINE_BYTES) onTooLong()
  }
  if (pieces.length > 0) yield { line: Buffer.concat(pieces), isWhole: false }
}

function parse(line: Buffer, number: number): Record<string, unknown> {
  if (!isUtf8(line)) throw damaged(number, 'encoding')
  let value: unknown
  try {
    value = JSON.parse(line.toString())
  } catch (cause) {
    // The parser's message quotes what it read.
    throw damaged(number, 'not-json', { cause: new Error((cause as Error).name) })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(number, 'not-json')
  return value as Record<string, unknown>
}

/**
 * The lines of an archive, each held against its checksum.
 *
 * @param onFirst refuses a first line that is not an archive's at all
 * @throws `ARCHIVE.DAMAGED`, `ARCHIVE.INCOMPLETE`; what `chunks` throws, a fault of decompression as either
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  onFirst: (line: Buffer) => void,
): AsyncGenerator<Line> {
  const sha = createHash('sha256')
  let running = 0
  let number = 1
  const pieces = split(chunks, () => {
    throw damaged(number, 'too-long')
  })
  try {
    for await (const { line, isWhole } of pieces) {
      if (number === 1) onFirst(line)
      const stated = CRC_SUFFIX.exec(tail(line).toString('latin1'))?.[1]
      if (!isWhole && stated === undefined) throw incomplete(number)
      running = crc32(line.subarray(0, Math.max(0, line.length - CRC_SUFFIX_BYTES)), running)
      if (stated === undefined || Number.parseInt(stated, 16) !== running) throw damaged(number, 'checksum')
      const value = parse(line, number)
      yield { number, text: line.toString(), value, digestBefore: () => sha.copy().digest('hex') }
      sha.update(line).update('\n')
      number++
    }
  } catch (error) {
    throw decompressionFault(error, number)
  }
}

/** What a decompressor says of bytes that it cannot read, as a fault of the line that they would have been. */
function decompressionFault(error: unknown, line: number): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'Z_BUF_ERROR') return incomplete(line, error)
  const isOfData = typeof code === 'string' && /^(Z_|ZSTD_|ERR_ZSTD)/i.test(code)
  return isOfData ? damaged(line, 'compression', { cause: error }) : error
}
