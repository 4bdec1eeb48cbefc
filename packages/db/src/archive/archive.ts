import { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import type { Engine } from '../engine/engine.js'
import { checked, idText } from '../input.js'
import type { CurrentModel } from '../models/current-model.js'
import type { Embedders } from '../models/embedders.js'
import { modelName } from '../models/models.js'
import { writeTo } from './destination.js'
import { importArchive } from './import-archive.js'
import { withSnapshot } from './snapshot.js'
import { createSource } from './source.js'
import { type Archive, type ArchiveProgress, COMPRESSIONS, type ExportResult, ON_CONFLICT } from './types.js'
import { type Written, writeArchive } from './write-archive.js'

const path = (or: string) => z.string(`must be a path or a ${or}`).min(1, 'must not be empty')
const onProgress = z
  .custom<(progress: ArchiveProgress) => void>((value) => typeof value === 'function', 'must be a function')
  .optional()

const exportSchema = z.strictObject({
  to: path('Writable'),
  users: z.array(idText).max(10_000).optional(),
  compression: z.enum(COMPRESSIONS).optional(),
  includeDeleted: z.boolean().optional(),
  onProgress,
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

export function createArchive(engine: Engine, current: CurrentModel, embedders: Embedders): Archive {
  return {
    async export(options) {
      engine.assertOutsideTransaction('archive.export')
      const isStream = options?.to instanceof Writable
      const input = checked(exportSchema, isStream ? { ...options, to: STREAM } : options)
      const { users = null, compression = 'gzip', includeDeleted = true } = input
      let end: Written | undefined
      const { bytes } = await withSnapshot(engine.pool, (session) => {
        const chunks = writeArchive(
          session,
          engine.kind,
          { users, includeDeleted },
          options.onProgress,
          (written) => {
            end = written
          },
        )
        return writeTo(options.to, chunks, compression)
      })
      return { ...(end as Written), bytes } satisfies ExportResult
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
