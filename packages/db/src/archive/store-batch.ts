import type { Executor } from '../engine/executor.js'
import {
  deleteOf,
  insertGiven,
  insertVectors,
  mergeAccess,
  mergeRetention,
  replaceGiven,
  selectMet,
} from '../sql/archive-import.js'
import { selectToolNumbers } from '../sql/archive-models.js'
import type { ArchiveTable } from '../sql/archive-tables.js'
import type { MemoryMark } from '../sql/reembed.js'
import type { Batch } from './batches.js'
import type { ArchiveRecord } from './check-records.js'
import { conflict } from './faults.js'
import type { Header } from './format.js'
import { CHILDREN, givenRows, MEETING_TABLES, type MeetingTable, type OpenNumbers, vectorOf } from './rows.js'
import type { ImportedRows, OnConflict } from './types.js'

/** What storing goes by. */
export interface Storing {
  readonly header: Header
  readonly onConflict: OnConflict
  readonly numbers: OpenNumbers
}

/** What became of a batch. */
export interface StoredBatch {
  readonly rows: Partial<Record<MeetingTable, ImportedRows>>
  /** The memories and tools that stand in the database as archived, and had vectors in the archive. */
  readonly memories: readonly MemoryMark[]
  readonly tools: readonly string[]
}

/** Vectors a statement: each is a parameter. */
const VECTORS = 500

const ownerOf = ({ table, row }: ArchiveRecord): string =>
  table.startsWith('tool') ? String(row.tool_id ?? row.id) : `${row.memory_id ?? row.id} ${row.user_id}`

async function learnTools(executor: Executor, tools: readonly ArchiveRecord[], numbers: OpenNumbers) {
  const names = tools.map(({ row }) => row.name as string)
  const here = new Map((await executor.run(selectToolNumbers(names))).map(({ name, id }) => [name, id]))
  for (const { row } of tools) {
    const id = here.get(row.name as string)
    if (id !== undefined) numbers.tools[String(row.id)] = id
  }
}

/**
 * Looks for rows that are in the database with another content, and stores nothing.
 *
 * @throws `ARCHIVE.CONFLICT`
 */
export async function refuseConflicts(executor: Executor, batch: Batch, { header, numbers }: Storing) {
  for (const table of MEETING_TABLES) {
    const records = batch.get(table)
    if (records === undefined) continue
    const [met] = await executor.run(selectMet(givenRows(table, records, header, numbers)))
    if (met) throw conflict((records[met.place - 1] as ArchiveRecord).line, table, met.state)
    if (table === 'tools') await learnTools(executor, records, numbers)
  }
}

/** Stores a batch inside of a transaction. Rows that are there already, as they are, stay. */
export async function storeBatch(executor: Executor, batch: Batch, storing: Storing): Promise<StoredBatch> {
  const { header, onConflict, numbers } = storing
  const rows: Partial<Record<MeetingTable, ImportedRows>> = {}
  /** Owners whose rows in the archive are not taken over. */
  const left = new Set<string>()
  const given = (table: ArchiveTable, records: readonly ArchiveRecord[]) =>
    givenRows(table, records, header, numbers)

  async function storeMeeting(table: MeetingTable, records: readonly ArchiveRecord[]) {
    const all = given(table, records)
    const added = (await executor.run(insertGiven(all)))[0]?.added ?? 0
    const met = added === records.length ? [] : await executor.run(selectMet(all))
    for (const { place, state } of met) {
      const record = records[place - 1] as ArchiveRecord
      if (onConflict === 'error' || (onConflict === 'replace' && state === 'taken')) {
        throw conflict(record.line, table, state)
      }
      if (onConflict === 'skip' && CHILDREN[table] !== undefined) left.add(ownerOf(record))
    }
    const replaced =
      onConflict === 'replace' ? met.map(({ place }) => records[place - 1] as ArchiveRecord) : []
    if (replaced.length > 0) {
      const anew = given(table, replaced)
      for (const child of CHILDREN[table] ?? []) {
        if (header.tables[child] !== undefined) await executor.run(deleteOf(child, anew))
      }
      await executor.run(replaceGiven(anew))
    }
    const same = records.length - added - met.length
    rows[table] = { added, same, replaced: replaced.length, skipped: met.length - replaced.length }
    if (table === 'tools') await learnTools(executor, records, numbers)
  }

  async function storeChildren(table: ArchiveTable, records: readonly ArchiveRecord[]) {
    if (table === 'memory_access') await executor.run(mergeAccess(given(table, records)))
    else if (!table.endsWith('_embeddings')) await executor.run(insertGiven(given(table, records)))
    else {
      const wanted = records.filter(({ row }) => String(row.model_id) in numbers.embedding_models)
      for (let at = 0; at < wanted.length; at += VECTORS) {
        const some = wanted.slice(at, at + VECTORS)
        await executor.run(insertVectors(given(table, some), some.map(vectorOf)))
      }
    }
  }

  const taken = (table: ArchiveTable) =>
    (batch.get(table) ?? []).filter((record) => !left.has(ownerOf(record)))

  const retention = batch.get('tool_usage_retention')
  if (retention !== undefined) await executor.run(mergeRetention(given('tool_usage_retention', retention)))
  for (const table of MEETING_TABLES) {
    const records = batch.get(table)
    if (records === undefined) continue
    await storeMeeting(table, records)
    for (const child of CHILDREN[table] ?? []) {
      const belonging = taken(child)
      if (belonging.length > 0) await storeChildren(child, belonging)
    }
  }
  const withVectors = new Set(
    [...taken('memory_embeddings'), ...taken('tool_embeddings')].map((record) => ownerOf(record)),
  )
  return {
    rows,
    memories: taken('memories')
      .filter((record) => withVectors.has(ownerOf(record)))
      .map(({ row }) => ({ userId: row.user_id as string, id: row.id as string })),
    tools: taken('tools')
      .filter((record) => withVectors.has(ownerOf(record)))
      .map(({ row }) => row.name as string),
  }
}
