import { currentCall } from '../engine/call.js'
import { type CopyTransaction, copyTransaction } from '../engine/copy.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { isFunesError } from '../errors/funes-error.js'
import type { Embedders } from '../models/embedders.js'
import type { EmbeddingModel } from '../models/types.js'
import { selectIsEmpty } from '../sql/archive-models.js'
import { selectCatalog } from '../sql/archive-tables.js'
import { selectModels } from '../sql/models.js'
import { meanAllUsers } from '../sql/purge.js'
import { type Batch, batchesOf } from './batches.js'
import { checkReadable, checkVectors } from './check-batch.js'
import { type ArchiveRecord, readRecords } from './check-records.js'
import { embedBatch } from './embed-batch.js'
import { changedMeanwhile } from './faults.js'
import type { Footer, Header } from './format.js'
import { assertOnly, assertSameModels, onlyModel, storeModels, withoutIndexes } from './models.js'
import { catalogOf } from './row-schemas.js'
import { MEETING_TABLES, type MeetingTable, type OpenNumbers } from './rows.js'
import type { Source } from './source.js'
import { refuseConflicts, storeBatch } from './store-batch.js'
import { foldTotals } from './totals.js'
import type { ArchiveProgress, ImportArchive, ImportedRows, ImportResult } from './types.js'

/** Where an import goes, and how. */
export interface Importing {
  readonly engine: Engine
  readonly embedders: Embedders
  readonly source: Source
  readonly model: string | undefined
  readonly onConflict: NonNullable<ImportArchive['onConflict']>
  readonly batchSize: number
  readonly onProgress: ((progress: ArchiveProgress) => void) | undefined
}

const sum = (a: ImportedRows, b: ImportedRows): ImportedRows => ({
  added: a.added + b.added,
  same: a.same + b.same,
  replaced: a.replaced + b.replaced,
  skipped: a.skipped + b.skipped,
})

const sizeOf = (batch: Batch): number =>
  [...batch.values()].reduce((total, records) => total + records.length, 0)

/** How often a transaction is tried that collided with another. */
const ATTEMPTS = 8

/** A transaction in which the rows of all users are meant. All that runs in one can be repeated. */
function transaction<T>({ pool, retry }: Engine, work: (running: CopyTransaction) => Promise<T>): Promise<T> {
  return copyTransaction(
    pool,
    async (running) => {
      await running.run(meanAllUsers)
      return work(running)
    },
    { retry, attempts: ATTEMPTS },
  )
}

/** Verifies an archive to its end, and then stores it. */
export async function importArchive(importing: Importing): Promise<ImportResult> {
  const { engine, embedders, source, onConflict, batchSize, onProgress } = importing
  const catalog = catalogOf(await engine.run(selectCatalog))
  if (importing.model !== undefined) await assertOnly(engine, embedders, importing.model)
  const everyone: Executor = {
    run: (statement) => transaction(engine, (tx) => tx.run(statement)),
  }
  const isEmpty = (await everyone.run(selectIsEmpty))[0]?.empty ?? false
  // Totals of all tools stand under the number 0 everywhere.
  const numbers: OpenNumbers = { embedding_models: {}, tools: { 0: 0 } }
  let models: readonly ArchiveRecord[] = []
  let here: readonly EmbeddingModel[] = []
  let hasTotals = false

  /** Reads the archive from its beginning to its end. */
  async function read(
    phase: 'verifying' | 'importing',
    total: number | undefined,
    visit: (batch: Batch, header: Header) => Promise<void>,
  ): Promise<{ header: Header; footer: Footer }> {
    let header: Header | undefined
    let done = 0
    const records = readRecords(source.read(), catalog, (read) => {
      header = read
    })
    const batches = batchesOf(records, batchSize)
    try {
      for (let next = await batches.next(); ; next = await batches.next()) {
        if (next.done) return { header: header as Header, footer: next.value }
        currentCall()?.signal?.throwIfAborted()
        await visit(next.value, header as Header)
        done += sizeOf(next.value)
        await onProgress?.({ phase, done, total })
      }
    } finally {
      await batches.return(undefined as never)
    }
  }

  /** Models of the archive whose vectors are taken over. */
  async function checkModels(records: readonly ArchiveRecord[]): Promise<void> {
    const { model } = importing
    models = model === undefined ? records : records.filter(({ row }) => row.name === model)
    here = await engine.run(selectModels())
    assertSameModels(here, models)
  }

  async function verify(batch: Batch, header: Header): Promise<void> {
    const added = batch.get('embedding_models')
    if (added !== undefined) await checkModels(added)
    checkVectors(batch, models, here)
    if (batch.has('tool_usage_rollups') && !hasTotals) {
      hasTotals = true
      // Of what is there too, or cells of one time would not meet.
      await foldTotals(everyone)
    }
    await checkReadable(everyone, batch, header, numbers)
    if (onConflict !== 'error' || isEmpty) return
    await transaction(engine, (tx) => refuseConflicts(tx, batch, { header, onConflict, numbers }))
  }

  const { header, footer } = await read('verifying', undefined, verify)
  const only = importing.model === undefined ? undefined : await onlyModel(engine, embedders, importing.model)
  if (only) {
    assertSameModels([only.model], models)
    for (const { row } of models) numbers.embedding_models[String(row.id)] = only.model.id
  }
  if (!only && models.length > 0) {
    await transaction(engine, (tx) => storeModels(tx, models, header, { numbers, isEmpty }))
  }

  const rows = Object.fromEntries(
    MEETING_TABLES.map((table) => [table, { added: 0, same: 0, replaced: 0, skipped: 0 }]),
  ) as Record<MeetingTable, ImportedRows>
  let embedded = 0
  async function store(batch: Batch, itsHeader: Header): Promise<void> {
    if (itsHeader.crc !== header.crc) throw changedMeanwhile()
    const stored = await transaction(engine, (tx) => storeBatch(tx, batch, { header, onConflict, numbers }))
    for (const table of MEETING_TABLES) {
      const more = stored.rows[table]
      if (more) rows[table] = sum(rows[table], more)
    }
    if (only) embedded += await embedBatch(everyone, only, stored)
  }

  const total = Object.values(footer.counts).reduce((all, count) => all + count, 0)
  const ids = only ? [only.model.id] : Object.values(numbers.embedding_models)
  await withoutIndexes(
    engine,
    everyone,
    ids,
    async () => {
      const again = await read('importing', total, store).catch((error: unknown) => {
        const isOfArchive = isFunesError(error) && /^ARCHIVE\.(DAMAGED|INCOMPLETE)$/.test(error.code)
        throw isOfArchive && error.meta.damage !== 'changed' ? changedMeanwhile(error) : error
      })
      if (again.footer.sha256 !== footer.sha256) throw changedMeanwhile()
    },
    () => onProgress?.({ phase: 'indexing', done: total, total }),
  )
  return { rows, counts: footer.counts, moments: footer.moments ?? [], embedded }
}
