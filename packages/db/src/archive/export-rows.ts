import type { Session } from '../engine/session.js'
import type { ArchivedRow } from '../sql/archive-export.js'
import { isMissing, type Position } from '../sql/archive-position.js'
import { ARCHIVE_TABLE_NAMES, type ArchiveTable } from '../sql/archive-tables.js'
import type { ExportPlan } from './plan.js'
import { openRows, type RowStream } from './snapshot.js'

/** A row, and which table it is of. */
export type TableRow = readonly [table: ArchiveTable, row: ArchivedRow]

/** Base64 of single-precision floats, little-endian: pgvector's binary form without its head, and the other way round. */
function vectorText(vector: Buffer): string {
  return Buffer.from(vector.subarray(4)).swap32().toString('base64')
}

/** A row's line, without its checksum and closing brace. */
export function recordText([table, { row, vector }]: TableRow): string {
  const more = vector === null ? '' : `,"vector":"${vectorText(vector)}"`
  return `{"table":"${table}","row":${row}${more}`
}

interface OpenTables {
  readonly streams: ReadonlyMap<ArchiveTable, RowStream>
  /** The next rows of a table, as long as `isWanted` says that they are. */
  next(table: ArchiveTable, isWanted?: (row: ArchivedRow) => boolean): AsyncGenerator<TableRow>
}

async function openTables(
  session: Session,
  { columns, scope }: ExportPlan,
  position: Position | null,
  wanted: readonly ArchiveTable[] = ARCHIVE_TABLE_NAMES,
): Promise<OpenTables> {
  const streams = new Map<ArchiveTable, RowStream>()
  for (const [table, names] of columns) {
    if (!wanted.includes(table) || !isMissing(table, position)) continue
    streams.set(table, await openRows(session, table, names, scope, position))
  }
  return {
    streams,
    async *next(table, isWanted = () => true) {
      const stream = streams.get(table)
      for (let row = await stream?.peek(); row !== undefined && isWanted(row); row = await stream?.peek()) {
        stream?.take()
        yield [table, row]
      }
    },
  }
}

async function* withChildren(
  { next }: OpenTables,
  parents: AsyncIterable<TableRow>,
  children: readonly ArchiveTable[],
): AsyncGenerator<TableRow> {
  for await (const parent of parents) {
    yield parent
    const [, { owner, id }] = parent
    for (const table of children) yield* next(table, (row) => row.id === id && row.owner === owner)
  }
}

async function* shared(tables: OpenTables): AsyncGenerator<TableRow> {
  yield* tables.next('embedding_models')
  yield* withChildren(tables, tables.next('tools'), ['tool_versions', 'tool_embeddings'])
}

/** Models and tools with what belongs to them: what everything else refers to. */
export async function* sharedRows(session: Session, plan: ExportPlan): AsyncGenerator<TableRow> {
  const wanted = ['embedding_models', 'tools', 'tool_versions', 'tool_embeddings'] as const
  yield* shared(await openTables(session, plan, null, wanted))
}

/** All rows of an archive, those beyond a position alone, in the order of docs/archive-format.md. */
export async function* exportRows(
  session: Session,
  plan: ExportPlan,
  position: Position | null,
): AsyncGenerator<TableRow> {
  const tables = await openTables(session, plan, position)
  const { next, streams } = tables
  yield* shared(tables)
  for await (const user of next('users')) {
    const { id } = user[1]
    const isThere = position?.at === 'memory' && position.user === id
    if (!isThere) yield user
    const isOfUser = ({ owner }: ArchivedRow) => owner === id
    yield* next('sessions', isOfUser)
    yield* withChildren(tables, next('memories', isOfUser), [
      'memory_access',
      'memory_embeddings',
      'memory_history',
    ])
  }
  yield* next('tool_usage_retention')
  yield* next('tool_usage')
  yield* next('tool_usage_rollups')
  for (const [table, stream] of streams) {
    // Rows come in one order from all tables; were they not to, some would be left over here, and not in silence.
    if ((await stream.peek()) !== undefined) throw new Error(`rows of ${table} belong to nothing`)
  }
}
