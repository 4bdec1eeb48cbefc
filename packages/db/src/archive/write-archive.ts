import { createRequire } from 'node:module'
import type { Session } from '../engine/session.js'
import { type ArchivedRow, type ArchiveScope, countRows } from '../sql/archive-export.js'
import { type ArchiveTable, selectCatalog } from '../sql/archive-tables.js'
import { createLineWriter, FORMAT, FORMAT_VERSION } from './format.js'
import { archivedColumns, catalogOf } from './row-schemas.js'
import { openRows, type RowStream } from './snapshot.js'
import type { ArchiveCounts, ArchiveProgress } from './types.js'

/** What an archive comes to, known when it is written. */
export interface Written {
  counts: ArchiveCounts
  lines: number
  sha256: string
}

/** Bytes that are put together before they go on. */
const PIECE_BYTES = 1 << 16
const REPORT_EVERY = 100

/** The release that writes; a note for people, so a bundler that hides the package's own file harms nothing. */
function release(): string {
  try {
    const { version } = createRequire(import.meta.url)('@funes/db/package.json') as { version: string }
    return version
  } catch {
    return 'unknown'
  }
}

/** Base64 of single-precision floats, little-endian: pgvector's binary form without its head, and the other way round. */
function vectorText(vector: Buffer): string {
  return Buffer.from(vector.subarray(4)).swap32().toString('base64')
}

function recordText(table: ArchiveTable, { row, vector }: ArchivedRow): string {
  const more = vector === null ? '' : `,"vector":"${vectorText(vector)}"`
  return `{"table":"${table}","row":${row}${more}`
}

async function* joined(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    held.push(piece)
    bytes += piece.length
    if (bytes < PIECE_BYTES) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  if (held.length > 0) yield Buffer.concat(held)
}

/**
 * The bytes of an archive, as they are asked for. `session` stands in a snapshot; `onEnd` hears what it came to.
 */
export function writeArchive(
  session: Session,
  engine: 'server' | 'embedded',
  scope: ArchiveScope,
  onProgress: ((progress: ArchiveProgress) => void) | undefined,
  onEnd: (written: Written) => void,
): AsyncIterable<Buffer> {
  const writer = createLineWriter()
  const counts: Partial<Record<ArchiveTable, number>> = {}
  let done = 0
  let total: number | undefined

  function line(table: ArchiveTable, row: ArchivedRow): Buffer {
    counts[table] = (counts[table] ?? 0) + 1
    if (++done % REPORT_EVERY === 0) onProgress?.({ phase: 'exporting', done, total })
    return writer.line(recordText(table, row))
  }

  async function* lines(): AsyncGenerator<Buffer> {
    const catalog = catalogOf(await session.run(selectCatalog))
    const columns = [...catalog]
      .filter(([, all]) => all.length > 0)
      .map(([table, all]) => [table, archivedColumns(all).map(({ name }) => name)] as const)
    const tables = columns.map(([table]) => table)
    if (onProgress) total = (await session.run(countRows(tables, scope)))[0]?.rows
    const createdAt = new Date().toISOString()
    const header = { format: FORMAT, version: FORMAT_VERSION, funes: release(), createdAt, engine }
    yield writer.line(JSON.stringify({ ...header, tables: Object.fromEntries(columns) }).slice(0, -1))

    const streams = new Map<ArchiveTable, RowStream>()
    for (const [table, names] of columns) {
      streams.set(table, await openRows(session, table, names, scope))
    }

    /** The next rows of a table, as long as `isWanted` says that they are. */
    async function* next(table: ArchiveTable, isWanted: (row: ArchivedRow) => boolean) {
      const stream = streams.get(table)
      for (let row = await stream?.peek(); row !== undefined && isWanted(row); row = await stream?.peek()) {
        stream?.take()
        yield row
      }
    }

    async function* children(parent: ArchivedRow, tablesOf: readonly ArchiveTable[]) {
      const isChild = ({ owner, id }: ArchivedRow) => id === parent.id && owner === parent.owner
      for (const table of tablesOf) for await (const row of next(table, isChild)) yield line(table, row)
    }

    const all = () => true
    for await (const row of next('embedding_models', all)) yield line('embedding_models', row)
    for await (const row of next('tools', all)) {
      yield line('tools', row)
      yield* children(row, ['tool_versions', 'tool_embeddings'])
    }
    for await (const user of next('users', all)) {
      yield line('users', user)
      const isOfUser = ({ owner }: ArchivedRow) => owner === user.id
      for await (const row of next('sessions', isOfUser)) yield line('sessions', row)
      for await (const row of next('memories', isOfUser)) {
        yield line('memories', row)
        yield* children(row, ['memory_access', 'memory_embeddings', 'memory_history'])
      }
    }
    for await (const row of next('tool_usage', all)) yield line('tool_usage', row)
    for (const [table, stream] of streams) {
      // Rows come in one order from all tables; were they not to, some would be left over here, and not in silence.
      if ((await stream.peek()) !== undefined) throw new Error(`rows of ${table} belong to nothing`)
    }

    const sha256 = writer.digest()
    yield writer.line(JSON.stringify({ end: true, counts, sha256 }).slice(0, -1))
    onProgress?.({ phase: 'exporting', done, total })
    onEnd({ counts, lines: writer.lines, sha256 })
  }

  return joined(lines())
}
