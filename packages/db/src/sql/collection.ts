import { type Fragment, sql } from './statement.js'

/** What is searched: rows that have words, and the vectors of those rows. */
export interface Collection {
  /** What stands in `from` for the rows: `user_id, id, content, search, deleted_at, expires_at`. */
  readonly rows: Fragment
  /** What stands there for their vectors: `user_id, memory_id, model_id, active, expires_at, embedding`. */
  readonly vectors: Fragment
  /** The table that the vectors are kept in, as a string in the statement. */
  readonly vectorTable: Fragment
  /** The table of the rows, where it is one of which a sample can be taken, and its name as a string in the statement. */
  readonly sampled?: { readonly table: Fragment; readonly name: Fragment }
  /** Whether rows are things that somebody said: who speaks and who asks then counts. */
  readonly isSpoken: boolean
}

export const MEMORIES: Collection = {
  rows: sql`memories`,
  vectors: sql`memory_embeddings`,
  vectorTable: sql`'memory_embeddings'`,
  sampled: { table: sql`memories`, name: sql`'memories'` },
  isSpoken: true,
}
