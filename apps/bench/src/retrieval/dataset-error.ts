export type DatasetErrorCode =
  /** A line is not what it has to be. */
  | 'DATASET.LINE_INVALID'
  /** Two turns of one user have the same id. */
  | 'DATASET.DUPLICATE_ID'
  /** A question names evidence that its user does not have. */
  | 'DATASET.UNKNOWN_EVIDENCE'
  /** Vectors of different lengths, or not everywhere. */
  | 'DATASET.EMBEDDINGS_DIFFER'
  /** A file without a single line. */
  | 'DATASET.EMPTY'

/** A labelled set that cannot be taken as it is. */
export interface DatasetError extends RangeError {
  readonly code: DatasetErrorCode
  readonly path: string
  /** Counted from 1; null where it is about the whole file. */
  readonly line: number | null
}

/** Names the file, the line and what is wrong. A RangeError, so the command line tells it in one line. */
export function datasetError(
  code: DatasetErrorCode,
  { path, line = null }: { path: string; line?: number | null },
  problem: string,
): DatasetError {
  const place = line === null ? path : `${path}:${line}`
  return Object.assign(new RangeError(`${place}: ${problem} (${code})`), { code, path, line })
}
