/** One record of a file, before its fields are given a meaning. */
export interface FileRecord {
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly fields: Readonly<Record<string, unknown>>
}
