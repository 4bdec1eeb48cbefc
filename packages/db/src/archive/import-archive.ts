import { currentCall } from '../engine/call.js'
import { copyTransaction } from '../engine/copy.js'
import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { Embedders } from '../models/embedders.js'
import { selectIsEmpty } from '../sql/archive-models.js'
import { selectCatalog } from '../sql/archive-tables.js'
import { selectModels } from '../sql/models.js'
import { meanAllUsers } from '../sql/purge.js'
import { type Batch, batchesOf } from './batches.js'
import { type ArchiveRecord, readRecords } from './check-records.js'
import { embedBatch } from './embed-batch.js'
import type { Footer, Header } from './format.js'
import { assertSameModels, onlyModel, storeModels, withoutIndexes } from './models.js'
import { catalogOf } from './row-schemas.js'
import { MEETING_TABLES, type MeetingTable, type OpenNumbers } from './rows.js'
import type { Source } from './source.js'
import { refuseConflicts, storeBatch } from './store-batch.js'
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

/** A transaction in which the rows of all users are meant. */
const transaction: typeof copyTransaction = (pool, work) =>
  copyTransaction(pool, async (running) => {
    await running.run(meanAllUsers)
    return work(running)
  })

/** Verifies an archive to its end, and then stores it. */
export async function importArchive(importing: Importing): Promise<ImportResult> {
  const { engine, embedders, source, onConflict, batchSize, onProgress } = importing
  const catalog = catalogOf(await engine.run(selectCatalog))
  const only = importing.model === undefined ? undefined : await onlyModel(engine, embedders, importing.model)
  const everyone: Executor = {
    run: (statement) => transaction(engine.pool, (tx) => tx.run(statement)),
  }
  const isEmpty = (await everyone.run(selectIsEmpty))[0]?.empty ?? false
  const numbers: OpenNumbers = { embedding_models: {}, tools: {} }
  let models: readonly ArchiveRecord[] = []

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
        onProgress?.({ phase, done, total })
      }
    } finally {
      await batches.return(undefined as never)
    }
  }

  /** Models of the archive whose vectors are taken over. */
  async function checkModels(records: readonly ArchiveRecord[]): Promise<void> {
    models = only === undefined ? records : records.filter(({ row }) => row.name === only.model.name)
    assertSameModels(await engine.run(selectModels()), models)
    if (only) for (const { row } of models) numbers.embedding_models[String(row.id)] = only.model.id
  }

  async function verify(batch: Batch, header: Header): Promise<void> {
    await checkModels(batch.get('embedding_models') ?? models)
    if (onConflict !== 'error' || isEmpty) return
    await transaction(engine.pool, (tx) => refuseConflicts(tx, batch, { header, onConflict, numbers }))
  }

  const { header, footer } = await read('verifying', undefined, verify)
  if (!only && models.length > 0) {
    await transaction(engine.pool, (tx) => storeModels(tx, models, header, { numbers, isEmpty }))
  }

  const rows = Object.fromEntries(
    MEETING_TABLES.map((table) => [table, { added: 0, same: 0, replaced: 0, skipped: 0 }]),
  ) as Record<MeetingTable, ImportedRows>
  let embedded = 0
  async function store(batch: Batch): Promise<void> {
    const stored = await transaction(engine.pool, (tx) =>
      storeBatch(tx, batch, { header, onConflict, numbers }),
    )
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
    () => read('importing', total, store),
    () => onProgress?.({ phase: 'indexing', done: total, total }),
  )
  return { rows, counts: footer.counts, embedded }
}
