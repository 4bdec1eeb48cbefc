import { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import type { Engine } from '../engine/engine.js'
import type { Session } from '../engine/session.js'
import { checked, idText } from '../input.js'
import type { CurrentModel } from '../models/current-model.js'
import type { Embedders } from '../models/embedders.js'
import { modelName } from '../models/models.js'
import { writeStream } from './destination.js'
import { importArchive } from './import-archive.js'
import { createPacker, joined } from './pack.js'
import { planExport } from './plan.js'
import { resumptionOf } from './resume.js'
import { withSnapshot } from './snapshot.js'
import { createSource } from './source.js'
import { targetOf } from './target.js'
import { assertSettled, settleTotals } from './totals.js'
import { type Archive, type ArchiveProgress, COMPRESSIONS, type ExportResult, ON_CONFLICT } from './types.js'
import { type Written, writeArchive } from './write-archive.js'
import { partOf, writeFile } from './write-file.js'

const path = (or: string) => z.string(`must be a path or a ${or}`).min(1, 'must not be empty')
const onProgress = z
  .custom<(progress: ArchiveProgress) => void>((value) => typeof value === 'function', 'must be a function')
  .optional()

const exportSchema = z.strictObject({
  to: path('Writable'),
  users: z.array(idText).max(10_000).optional(),
  compression: z.enum(COMPRESSIONS).optional(),
  includeDeleted: z.boolean().optional(),
  resume: z.boolean().optional(),
  onProgress,
})

const streamSchema = exportSchema.extend({
  resume: z.literal(false, 'must be left out: only what is written to a path can be resumed').optional(),
})

const importSchema = z.strictObject({
  from: path('Readable'),
  model: modelName.optional(),
  onConflict: z.enum(ON_CONFLICT).optional(),
  batchSize: z.int().min(1).max(10_000).optional(),
  onProgress,
})

/** Stands for a stream while the rest is checked: what is in a stream is nobody's input. */
const STREAM = 'a stream'

const DEFAULT_BATCH_SIZE = 1000
/** Lines that are put together on their way into a stream. */
const STREAM_BYTES = 1 << 16

export function createArchive(engine: Engine, current: CurrentModel, embedders: Embedders): Archive {
  return {
    async export(options) {
      engine.assertOutsideTransaction('archive.export')
      const isStream = options?.to instanceof Writable
      const input = isStream
        ? checked(streamSchema, { ...options, to: STREAM })
        : checked(exportSchema, options)
      const { users = null, compression = 'gzip', includeDeleted = true } = input
      const scope = { users: users && [...new Set(users)].sort(), includeDeleted }
      // Before anything is touched: this Node may not have it.
      const packer = createPacker(compression)
      const { to, onProgress } = options
      const target = typeof to === 'string' ? await targetOf(to) : undefined
      // Before the snapshot: it may take its time until somebody reads.
      const stream = target === undefined ? to : target.kind === 'through' ? await target.open() : undefined
      const ofAll = users === null
      let end: Written | undefined
      let takenOver = 0
      async function write(session: Session) {
        if (ofAll) await assertSettled(session)
        const plan = await planExport(session, engine.kind, scope)
        const resumption =
          target?.kind === 'file' && input.resume
            ? await resumptionOf(session, plan, partOf(target.path), compression, onProgress)
            : undefined
        takenOver = resumption?.state.lines ?? 0
        const onEnd = (written: Written) => {
          end = written
        }
        const lines = writeArchive(session, { plan, resumption, onProgress, onEnd })
        if (target?.kind === 'file') return writeFile(lines, target.path, packer, resumption?.offset)
        return writeStream(joined(lines, STREAM_BYTES), stream as Writable, compression)
      }
      try {
        if (ofAll) await settleTotals(engine)
        const { bytes } = await withSnapshot(engine.pool, write)
        return { ...(end as Written), bytes, takenOver } satisfies ExportResult
      } catch (error) {
        if (target?.kind === 'through') (stream as Writable).destroy()
        throw error
      }
    },
    async import(options) {
      engine.assertOutsideTransaction('archive.import')
      const isStream = options?.from instanceof Readable
      const input = checked(importSchema, isStream ? { ...options, from: STREAM } : options)
      const { model, onConflict = 'error', batchSize = DEFAULT_BATCH_SIZE } = input
      const source = createSource(options.from)
      try {
        return await importArchive({
          engine,
          embedders,
          source,
          model,
          onConflict,
          batchSize,
          onProgress: options.onProgress,
        })
      } finally {
        await source.dispose()
        // What models there are may be another matter now; that there is none of the configured name is nobody's fault.
        await current.refresh().catch(() => {})
      }
    },
  }
}
