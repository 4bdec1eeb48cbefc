/** A file that cannot be taken as it is. */
export interface FileError extends Error {
  readonly code: 'FILE.INVALID'
  readonly path: string
  /** Counted from 1, where the record begins. */
  readonly line: number
}

/** Names the file, the line and what is wrong, never what the line holds: it may be somebody's secret. */
export function fileError(path: string, line: number, problem: string, cause?: unknown): FileError {
  const error = new Error(`${path}:${line}: ${problem}`, cause === undefined ? undefined : { cause })
  return Object.assign(error, { code: 'FILE.INVALID' as const, path, line })
}
