import type { Readable, Writable } from 'node:stream'
import type { CallOptions } from '../call-options.js'
import type { ArchiveTable } from '../sql/archive-tables.js'

export const COMPRESSIONS = ['gzip', 'zstd', 'none'] as const
export type Compression = (typeof COMPRESSIONS)[number]

export const ON_CONFLICT = ['error', 'skip', 'replace'] as const
export type OnConflict = (typeof ON_CONFLICT)[number]

/** How far an export or import is. */
export interface ArchiveProgress {
  readonly phase: 'resuming' | 'exporting' | 'verifying' | 'importing' | 'indexing'
  /** Records written or read in this phase. An export that goes on begins with those that it takes over. */
  readonly done: number
  /** Undefined while it is not known: an archive says at its end how much it holds. */
  readonly total: number | undefined
}

export interface ExportArchive extends CallOptions {
  /**
   * A path, or a stream, which is ended unless it is the standard output. At a path the archive appears when it is
   * complete, in place of what was there; until then it is written beside it, as `<path>.part`, which stays there when
   * the export is interrupted. Symbolic links are followed; into a pipe or a device it is written as into a stream.
   */
  to: string | Writable
  /**
   * Goes on with the `.part` that an interrupted export of the same database and options left at the path; begins anew
   * where there is none. What it goes on with is as it was then, what it adds as it is now, each user whole and of one
   * moment: see docs/archive-format.md.
   */
  resume?: boolean
  /** Only what belongs to these users, beside models and tools; all users unless given. */
  users?: readonly string[]
  /** `gzip` unless given. `zstd` needs Node 22.15 or newer. */
  compression?: Compression
  /** `false` leaves out memories that are deleted or past their time. */
  includeDeleted?: boolean
  /** Called now and then. It must not use this Funes. */
  onProgress?: (progress: ArchiveProgress) => void
}

/** How many rows of each table. */
export type ArchiveCounts = Readonly<Partial<Record<ArchiveTable, number>>>

export interface ExportResult {
  readonly counts: ArchiveCounts
  /** Lines, the first and the last included. */
  readonly lines: number
  /** As written, compressed. */
  readonly bytes: number
  /** Of all lines but the last, in hexadecimal, before compression: what the last line says too. */
  readonly sha256: string
  /** Lines that were taken over from an interrupted export. */
  readonly takenOver: number
  /** When what is in it was so, in ISO 8601: one moment, and one more each time it was resumed. */
  readonly moments: readonly string[]
}

export interface ImportArchive extends CallOptions {
  /** A path, or a stream, which is kept in a temporary file until it is verified. Compression is recognized. */
  from: string | Readable
  /**
   * Have the vectors of this model only: those that the archive has of it, and the others made of the texts by its
   * embedder. Unless given, all vectors of the archive are taken over, under models of their names.
   */
  model?: string
  /**
   * What happens to a row whose key is there with another content: `error`, before anything is stored, `skip` leaves
   * what is there, `replace` overwrites it. `error` unless given. Rows that are there as they are, are none.
   */
  onConflict?: OnConflict
  /** Memories a transaction, 1 to 10,000; 1,000 unless given. */
  batchSize?: number
  onProgress?: (progress: ArchiveProgress) => void
}

/** What became of a table's rows. */
export interface ImportedRows {
  readonly added: number
  /** Were there already, as they are. */
  readonly same: number
  readonly replaced: number
  readonly skipped: number
}

export interface ImportResult {
  /** Of the tables whose rows can meet others. */
  readonly rows: Readonly<
    Record<'tools' | 'users' | 'sessions' | 'memories' | 'tool_usage' | 'tool_usage_rollups', ImportedRows>
  >
  /** Everything in the archive. */
  readonly counts: ArchiveCounts
  /** As the export's. */
  readonly moments: readonly string[]
  /** Vectors that were made anew. */
  readonly embedded: number
}

/** Everything that is remembered, in one file. */
export interface Archive {
  /**
   * Writes users, sessions, memories with their history and vectors, models, tools and their usage as they are at one
   * moment, in the format of docs/archive-format.md. Memory in use does not grow with the database. One connection is
   * held until the end; on the embedded engine that is the only one, so other calls wait. Interrupted, even by a kill,
   * it goes on with `resume`.
   *
   * @throws `ARCHIVE.IO`, `ARCHIVE.COMPRESSION_UNAVAILABLE`, `ARCHIVE.NOT_RESUMABLE`, `INPUT.*`,
   * `TRANSACTION.NOT_ALLOWED`, `DB.*`; nothing stands at the path then but what was there
   * @example
   * await funes.archive.export({ to: 'backup.jsonl.gz', resume: true })
   */
  export(options: ExportArchive): Promise<ExportResult>
  /**
   * Takes an archive over, into an empty database or to what is there. The whole of it is verified first, so that of a
   * damaged one, or one that does not fit, nothing is stored. Interrupted, the same call goes on: what is there already
   * is passed over.
   *
   * @throws `ARCHIVE.*` with `meta.line`, `MODEL.CONFLICT`, `MODEL.NOT_FOUND`, `EMBEDDING.*`, `INPUT.*`,
   * `TRANSACTION.NOT_ALLOWED`, `DB.*`; batches that were stored stay stored
   * @example
   * await funes.archive.import({ from: 'backup.jsonl.gz' })
   */
  import(options: ImportArchive): Promise<ImportResult>
}
