import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { currentCall } from '../engine/call.js'
import type { RowsDigest } from '../sql/archive-export.js'
import type { ArchiveTable } from '../sql/archive-tables.js'
import { CRC_SUFFIX, CRC_SUFFIX_BYTES, type Header, headerSchema, type LineState, noLines } from './format.js'
import { type Frame, wholeFrames } from './frames.js'
import type { ArchiveProgress, Compression } from './types.js'

/** What stands before a place in a file. */
export interface Before extends LineState {
  readonly counts: Readonly<Partial<Record<ArchiveTable, number>>>
  readonly moments: readonly string[]
}

/** Before a line: its frame, what stands before that, and the number of the line. */
export interface Place {
  readonly offset: number
  readonly before: Before
  readonly line: number
}

/** What an interrupted export left. */
export interface PartialArchive {
  readonly header: Header
  /** SHA-256 of all models and tools; undefined while it is not sure that they are all there. */
  readonly shared: string | undefined
  /** The last user: where it begins, and what it comes to up to its last memory but one. */
  readonly user: (UserSoFar & { readonly line: Buffer }) | undefined
  readonly usage: { readonly from: Place; readonly last: Buffer | undefined; readonly end: Place } | undefined
  readonly retention: Buffer | undefined
  readonly totals: Place | undefined
}

interface UserSoFar {
  readonly place: Place
  readonly digests: Record<'users' | 'sessions' | 'memories', RowsDigest>
  /** The last memory with which everything that belongs to it is there, and where the next begins. */
  readonly memory: { readonly line: Buffer; readonly end: Place } | undefined
}

const NEWLINE = 10
const TABLE = /^\{"table":"([a-z_]+)","row":/

/** The lines of a buffer, without their line feeds. */
function* linesOf(buffer: Buffer): Generator<Buffer> {
  for (let start = 0, end: number; start < buffer.length; start = end + 1) {
    end = buffer.indexOf(NEWLINE, start)
    yield buffer.subarray(start, end)
  }
}

const withoutCrc = (line: Buffer): Buffer => line.subarray(0, Math.max(0, line.length - CRC_SUFFIX_BYTES))

/** The table that a line has a row of, and the row as it is written. */
export function rowOf(line: Buffer): { table: ArchiveTable; row: Buffer } | undefined {
  const found = TABLE.exec(line.subarray(0, 64).toString('latin1'))
  if (found === null) return
  return { table: found[1] as ArchiveTable, row: withoutCrc(line).subarray(found[0].length) }
}

/** The time of a line that says that an export went on. */
function resumedAt(line: Buffer): string | undefined {
  return line.subarray(0, 11).toString('latin1') === '{"resumed":'
    ? (JSON.parse(line.toString()) as { resumed: string }).resumed
    : undefined
}

/** The running checksum after the lines of a frame; undefined if one is not what was written. */
function crcAfter(lines: Buffer, crc: number): number | undefined {
  let running = crc
  for (const line of linesOf(lines)) {
    const stated = CRC_SUFFIX.exec(line.subarray(-CRC_SUFFIX_BYTES).toString('latin1'))?.[1]
    running = crc32(withoutCrc(line), running)
    if (stated === undefined || Number.parseInt(stated, 16) !== running) return
  }
  return running
}

function createDigest() {
  let rows = 0
  let sum = 0n
  return {
    add(row: Buffer): void {
      rows++
      sum += BigInt(createHash('sha256').update(row).digest().readUIntBE(0, 6))
    },
    get: (): RowsDigest => ({ rows, sum: sum.toString() }),
  }
}

/** Takes in the lines of a partial archive one after the other. Remembers the last of each kind only. */
function createScan() {
  const shared = createHash('sha256')
  let isShared = true
  let user: { line: Buffer; place: Place } | undefined
  let digests = { users: createDigest(), sessions: createDigest(), memories: createDigest() }
  let last: { line: Buffer; row: Buffer } | undefined
  let memory: { line: Buffer; end: Place } | undefined
  let usage: PartialArchive['usage']
  let retention: Buffer | undefined
  let totals: Place | undefined

  function addOfUser(table: 'users' | 'sessions' | 'memories', line: Buffer, row: Buffer, place: Place) {
    if (table === 'users') {
      user = { line, place }
      digests = { users: createDigest(), sessions: createDigest(), memories: createDigest() }
      last = undefined
      memory = undefined
    }
    if (table !== 'memories') return digests[table].add(row)
    // The one before has now all that belongs to it.
    if (last !== undefined) {
      digests.memories.add(last.row)
      memory = { line: last.line, end: place }
    }
    last = { line, row }
  }

  return {
    add(line: Buffer, place: Place): void {
      const found = rowOf(line)
      if (found === undefined) return
      const { table, row } = found
      if (table === 'embedding_models' || (table.startsWith('tool') && !table.startsWith('tool_usage'))) {
        shared.update(withoutCrc(line)).update('\n')
        return
      }
      isShared = false
      const after = { ...place, line: place.line + 1 }
      if (table === 'users' || table === 'sessions' || table === 'memories')
        addOfUser(table, line, row, place)
      else if (table === 'tool_usage_rollups') totals ??= place
      else if (table === 'tool_usage_retention') retention = row
      if (table === 'tool_usage_retention' || table === 'tool_usage') {
        usage = { from: usage?.from ?? place, last: table === 'tool_usage' ? row : usage?.last, end: after }
      }
    },
    end: (header: Header): PartialArchive => ({
      header,
      shared: isShared ? undefined : shared.digest('hex'),
      user: user && {
        ...user,
        digests: {
          users: digests.users.get(),
          sessions: digests.sessions.get(),
          memories: digests.memories.get(),
        },
        memory,
      },
      usage,
      retention,
      totals,
    }),
  }
}

/** What stands after the lines of a frame, up to a line. */
export function after(
  before: Before,
  frame: Buffer,
  line = Number.POSITIVE_INFINITY,
): Before & { kept: Buffer } {
  const sha = before.sha.copy()
  const counts: Partial<Record<ArchiveTable, number>> = { ...before.counts }
  const moments = [...before.moments]
  let { lines } = before
  let bytes = 0
  for (const text of linesOf(frame)) {
    if (lines + 1 >= line) break
    lines++
    bytes += text.length + 1
    const table = rowOf(text)?.table
    if (table !== undefined) counts[table] = (counts[table] ?? 0) + 1
    const resumed = resumedAt(text)
    if (resumed !== undefined) moments.push(resumed)
  }
  const kept = frame.subarray(0, bytes)
  sha.update(kept)
  return { lines, crc: crcAfter(kept, before.crc) as number, sha, counts, moments, kept }
}

/**
 * Reads what an interrupted export left, up to the first line that is not what was written, and no more of it than a frame
 * at a time. Undefined where there is not even a first line.
 */
export async function readPartial(
  path: string,
  compression: Compression,
  onProgress: ((progress: ArchiveProgress) => void) | undefined,
): Promise<PartialArchive | undefined> {
  const scan = createScan()
  let header: Header | undefined
  let before: Before = { ...noLines(), counts: {}, moments: [] }
  for await (const frame of wholeFrames(path, compression)) {
    currentCall()?.signal?.throwIfAborted()
    if (crcAfter(frame.lines, before.crc) === undefined) break
    if (header === undefined) {
      header = readHeader(frame)
      if (header === undefined) return
      before = { ...before, moments: [header.createdAt] }
    }
    let { lines } = before
    for (const line of linesOf(frame.lines)) scan.add(line, { offset: frame.offset, before, line: ++lines })
    before = after(before, frame.lines)
    await onProgress?.({ phase: 'resuming', done: before.lines, total: undefined })
  }
  return header && scan.end(header)
}

function readHeader({ lines }: Frame): Header | undefined {
  const [first] = linesOf(lines)
  return headerSchema.safeParse(JSON.parse((first as Buffer).toString())).data
}
