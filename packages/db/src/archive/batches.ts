import type { ArchiveTable } from '../sql/archive-tables.js'
import type { ArchiveRecord } from './check-records.js'

/** Records that follow each other and are stored together, by table. */
export type Batch = ReadonlyMap<ArchiveTable, readonly ArchiveRecord[]>

/** A batch of long texts is ended before it has its number. */
const MAX_BATCH_BYTES = 8 << 20

/**
 * Rows that may begin a batch, and of which part they are; all others stay with the one that they belong to. The numbers
 * that models and tools get are known when those are stored, so what refers to them comes in a later batch.
 */
const PARTS: Partial<Readonly<Record<ArchiveTable, 'models' | 'tools' | 'rest'>>> = {
  embedding_models: 'models',
  tools: 'tools',
  users: 'rest',
  sessions: 'rest',
  memories: 'rest',
  tool_usage_retention: 'rest',
  tool_usage: 'rest',
  tool_usage_rollups: 'rest',
}

/** Puts records together: all models, then `size` rows with what belongs to them at a time. Returns what `records` returns. */
export async function* batchesOf<R>(
  records: AsyncGenerator<ArchiveRecord, R>,
  size: number,
): AsyncGenerator<Batch, R> {
  let batch = new Map<ArchiveTable, ArchiveRecord[]>()
  let part: 'models' | 'tools' | 'rest' | undefined
  let rows = 0
  let bytes = 0
  try {
    for (let next = await records.next(); ; next = await records.next()) {
      if (next.done) {
        if (batch.size > 0) yield batch
        return next.value
      }
      const record = next.value
      const begun = PARTS[record.table]
      const isFull = part !== 'models' && (rows >= size || bytes >= MAX_BATCH_BYTES)
      if (begun !== undefined && batch.size > 0 && (isFull || begun !== part)) {
        yield batch
        batch = new Map()
        rows = 0
        bytes = 0
      }
      part = begun ?? part
      if (begun !== undefined) rows++
      bytes += record.text.length
      const sofar = batch.get(record.table)
      if (sofar) sofar.push(record)
      else batch.set(record.table, [record])
    }
  } finally {
    await records.return(undefined as never)
  }
}
