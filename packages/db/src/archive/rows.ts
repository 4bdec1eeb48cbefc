import type { GivenRows, Numbers } from '../sql/archive-import.js'
import type { ArchiveTable } from '../sql/archive-tables.js'
import type { ArchiveRecord } from './check-records.js'
import type { Header } from './format.js'

/** Rows that can meet others in the database, in the order in which they refer to each other. */
export const MEETING_TABLES = [
  'tools',
  'users',
  'sessions',
  'memories',
  'tool_usage',
  'tool_usage_rollups',
] as const
export type MeetingTable = (typeof MEETING_TABLES)[number]

/** What belongs to these, and goes with them. */
export const CHILDREN: Partial<Readonly<Record<ArchiveTable, readonly ArchiveTable[]>>> = {
  tools: ['tool_versions', 'tool_embeddings'],
  memories: ['memory_access', 'memory_history', 'memory_embeddings'],
}

/** `{ [number in the archive]: number here }`, growing as rows are stored. */
export type OpenNumbers = { [K in keyof Numbers]: Record<string, number> }

/** Makes records ready for a statement. */
export function givenRows(
  table: ArchiveTable,
  records: readonly ArchiveRecord[],
  { tables }: Header,
  numbers: Numbers,
): GivenRows {
  const hasVectors = records[0]?.vector !== undefined
  // Of a row with a vector, which holds nothing of a caller's, the row alone; of all others the line as it is.
  const json = hasVectors
    ? JSON.stringify(records.map(({ row }) => ({ row })))
    : `[${records.map(({ text }) => text).join(',')}]`
  return { table, columns: tables[table] ?? [], json, numbers }
}

/** pgvector's binary form of the floats in a record. */
export function vectorOf({ vector }: ArchiveRecord): Buffer {
  const floats = vector as Buffer
  const encoded = Buffer.allocUnsafe(4 + floats.length)
  encoded.writeInt16BE(floats.length / 4, 0)
  encoded.writeInt16BE(0, 2)
  floats.copy(encoded, 4)
  encoded.subarray(4).swap32()
  return encoded
}
