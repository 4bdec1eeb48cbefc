import type { Executor } from '../engine/executor.js'
import { databaseError } from '../errors/database-error.js'
import type { EmbeddingModel } from '../models/types.js'
import { readGiven } from '../sql/archive-import.js'
import type { ArchiveTable } from '../sql/archive-tables.js'
import { HALF_MAX } from '../vector.js'
import type { Batch } from './batches.js'
import type { ArchiveRecord } from './check-records.js'
import { damaged, outOfRange, unsupported } from './faults.js'
import type { Header } from './format.js'
import { givenRows, type OpenNumbers } from './rows.js'

/** The SQLSTATE of a text search configuration that is not there, and the class of values that are none of their type. */
const UNKNOWN_OBJECT = '42704'
const DATA_EXCEPTION = '22'

function stateOf(error: unknown): string | undefined {
  const { sqlstate } = databaseError(error).meta
  const isOfValue = sqlstate === UNKNOWN_OBJECT || String(sqlstate).startsWith(DATA_EXCEPTION)
  return isOfValue ? (sqlstate as string) : undefined
}

/**
 * Has the database read all rows of a batch, and stores nothing: what it would refuse later is refused now, with its line.
 *
 * @param everyone runs each statement in a transaction of its own
 * @throws `ARCHIVE.DAMAGED`, `ARCHIVE.UNSUPPORTED`
 */
export async function checkReadable(
  everyone: Executor,
  batch: Batch,
  header: Header,
  numbers: OpenNumbers,
): Promise<void> {
  const failureOf = (table: ArchiveTable, records: readonly ArchiveRecord[]) =>
    everyone.run(readGiven(givenRows(table, records, header, numbers))).then(
      () => undefined,
      (error: unknown) => error,
    )
  for (const [table, all] of batch) {
    // Of numbers alone, which are checked by now.
    if (table.endsWith('_embeddings')) continue
    let failure = await failureOf(table, all)
    if (failure === undefined) continue
    const state = stateOf(failure)
    if (state === undefined) throw failure
    let records = all
    while (records.length > 1) {
      const first = records.slice(0, records.length >> 1)
      const its = await failureOf(table, first)
      records = its === undefined ? records.slice(first.length) : first
      failure = its ?? failure
    }
    const { line } = records[0] as ArchiveRecord
    if (state !== UNKNOWN_OBJECT) throw damaged(line, 'shape')
    throw unsupported(
      `Line ${line} of the archive is read by a text search configuration that this database does not have.`,
      'Create it (`create text search configuration`) as in the database that the archive is from.',
      { line, table, language: records[0]?.row.language },
    )
  }
}

/**
 * Looks whether vectors fit the indexes of the models that take them.
 *
 * @throws `EMBEDDING.OUT_OF_RANGE`
 */
export function checkVectors(
  batch: Batch,
  models: readonly ArchiveRecord[],
  here: readonly EmbeddingModel[],
): void {
  const narrow = new Map<unknown, string>()
  for (const { row } of models) {
    const model = here.find(({ name }) => name === row.name)
    if (model?.indexKind === 'hnsw-halfvec' && row.index_kind !== 'hnsw-halfvec')
      narrow.set(row.id, model.name)
  }
  if (narrow.size === 0) return
  for (const table of ['memory_embeddings', 'tool_embeddings'] as const) {
    for (const { line, row, vector } of batch.get(table) ?? []) {
      const model = narrow.get(row.model_id)
      if (model === undefined || vector === undefined) continue
      for (let at = 0; at < vector.length; at += 4) {
        if (Math.abs(vector.readFloatLE(at)) > HALF_MAX) throw outOfRange(line, model)
      }
    }
  }
}
