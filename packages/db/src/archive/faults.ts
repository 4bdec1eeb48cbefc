import { type FunesError, funesError } from '../errors/funes-error.js'

/** Why a line is not what was written. */
export type Damage =
  | 'checksum'
  | 'encoding'
  | 'compression'
  | 'too-long'
  | 'not-json'
  | 'shape'
  | 'order'
  | 'reference'
  | 'duplicate'
  | 'count'
  | 'after-end'

const REASONS: Readonly<Record<Damage, string>> = {
  checksum: 'does not match its checksum',
  encoding: 'is not UTF-8',
  compression: 'cannot be decompressed',
  'too-long': 'is longer than any that is written',
  'not-json': 'is not a JSON object',
  shape: 'does not have the shape of a record',
  order: 'stands where no such record can',
  reference: 'refers to a record that does not come before it',
  duplicate: 'repeats a record',
  count: 'counts other records than there are',
  'after-end': 'follows the end',
}

/** @param path the column that is wrong, where one is */
export function damaged(
  line: number,
  damage: Damage,
  { path, cause }: { path?: string; cause?: unknown } = {},
) {
  return funesError('ARCHIVE.DAMAGED', `Line ${line} of the archive ${REASONS[damage]}.`, {
    fix: 'Nothing was imported. Take another copy of the archive, or export it again.',
    meta: { line, damage, ...(path !== undefined && { path }) },
    ...(cause !== undefined && { cause }),
  })
}

/** @param line the one that is missing */
export function incomplete(line: number, cause?: unknown): FunesError {
  return funesError('ARCHIVE.INCOMPLETE', `The archive ends before its last line, at line ${line}.`, {
    fix: 'Nothing was imported. The export was interrupted, or the file was cut: export it again.',
    meta: { line },
    ...(cause !== undefined && { cause }),
  })
}

export function unsupported(reason: string, fix: string, meta: Record<string, unknown> = {}): FunesError {
  return funesError('ARCHIVE.UNSUPPORTED', reason, { fix, meta: { line: 1, ...meta } })
}

/** What was read once and found whole, and is something else now. */
export function changedMeanwhile(cause?: unknown): FunesError {
  const line = (cause as { meta?: { line?: unknown } } | undefined)?.meta?.line
  return funesError('ARCHIVE.DAMAGED', 'The archive was changed while it was imported.', {
    fix: 'What was stored before stays. Import the whole archive again: it goes on where it stopped.',
    meta: { ...(typeof line === 'number' && { line }), damage: 'changed' },
    ...(cause !== undefined && { cause }),
  })
}

/** A vector that the index of its model here cannot hold. */
export function outOfRange(line: number, model: string): FunesError {
  return funesError(
    'EMBEDDING.OUT_OF_RANGE',
    `Line ${line} of the archive has a vector that is too large for the index of its model here, which is of half precision.`,
    {
      fix: 'Import into a database where the model is registered with indexKind: hnsw-vector.',
      meta: { line, model },
    },
  )
}

export function conflict(line: number, table: string, state: 'differs' | 'taken'): FunesError {
  const why =
    state === 'differs'
      ? 'is in the database with another content'
      : 'holds an idempotency key or text that another memory in the database has'
  return funesError('ARCHIVE.CONFLICT', `Line ${line} of the archive, of ${table}, ${why}.`, {
    fix: "Give `onConflict`: 'skip' to keep what the database has, or 'replace' to take what the archive has.",
    meta: { line, table, state },
  })
}

/** @param differs options, or tables that everything else refers to */
export function notResumable(differs: readonly string[]): FunesError {
  return funesError('ARCHIVE.NOT_RESUMABLE', `The interrupted export has other ${differs.join(' and ')}.`, {
    fix: 'Give it the same options and database. If they changed for good, export without `resume`: that begins anew.',
    meta: { differs },
  })
}

/** What the file system, or a stream at the other end, said. */
export function ioFault(what: 'read' | 'written', cause: unknown): FunesError {
  const code = (cause as { code?: unknown } | null)?.code
  return funesError('ARCHIVE.IO', `The archive could not be ${what}.`, {
    fix: 'See `meta.code` and `cause`: check the path, the rights and the room that is left.',
    meta: { ...(typeof code === 'string' && { code }) },
    cause,
  })
}
