import type { MemorySource } from '@funes/db'

/** One memory, whole. */
export interface SeedRow {
  readonly userId: string
  readonly sessionId: string | null
  readonly id: string
  readonly content: string
  readonly source: MemorySource
  readonly importance: number
  readonly metadata: Record<string, unknown>
  readonly createdAt: Date
  readonly embedding: Float32Array
}

/** Where rows come from: always the same ones, in the same order. */
export interface Dataset {
  /** For the person at the terminal. */
  readonly title: string
  /** Everything that decides which rows there are: two data sets with equal identity are one. */
  readonly identity: Readonly<Record<string, unknown>>
  readonly model: string
  readonly dimensions: number
  readonly memories: number
  /** How many users have rows, where that is known. */
  readonly users: number | undefined
  /** The rows from a place on. */
  rows(from: number, signal: AbortSignal): Iterable<SeedRow> | AsyncIterable<SeedRow>
  /** Vectors of the same kind that are not among the rows; undefined where there are none. */
  heldOut?(count: number): Float32Array[]
  /** Where the person at the terminal finds a row, counted from 0; undefined where rows are from nowhere. */
  origin?(place: number): string
  close(): Promise<void>
}
