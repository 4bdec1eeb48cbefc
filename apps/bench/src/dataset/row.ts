/** A memory to be stored, the same for every driver. */
export interface Row {
  /** Place in the data set. */
  readonly index: number
  readonly id: string
  readonly userId: string
  readonly sessionId: string
  readonly content: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly vector: Float32Array
}

/** What to look for: a text, and its vector in both forms that client libraries take, so that none pays for the conversion. */
export interface Query {
  readonly index: number
  readonly text: string
  readonly vector: Float32Array
  readonly numbers: number[]
}

const PREFIX = '0190a000-0000-7000-8000-'

/** The UUID of a row, in ascending order of its place. */
export function rowId(index: number): string {
  return PREFIX + index.toString(16).padStart(12, '0')
}

/** The place of the row that has this UUID. */
export function rowIndex(id: string): number {
  if (!id.startsWith(PREFIX)) throw new RangeError(`not a row of the data set: ${id}`)
  return Number.parseInt(id.slice(PREFIX.length), 16)
}
