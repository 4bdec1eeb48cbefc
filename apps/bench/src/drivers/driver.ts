import type { Query, Row } from '../dataset/row.js'
import type { Scope } from '../dataset/scopes.js'
import type { Database } from '../storage/database.js'
import type { Storage } from '../storage/storage.js'

/** How thoroughly a driver searches. */
export interface Effort {
  readonly name: string
  /** What its own documentation would have a user do, or what a user gets without asking. */
  readonly isDefault?: boolean
  /** The settings that its documentation, or pgvector's, advises for searches under a filter. */
  readonly isForFilters?: boolean
}

export interface SearchRequest {
  readonly query: Query
  readonly k: number
  /** Rows of this scope only; left out: everyone's. */
  readonly scope?: Scope
}

export type WordSearchMode = 'vector' | 'text' | 'hybrid' | 'hybrid with context'

/** How vectors were searched, as `SearchExplanation` of @funes/db tells it. */
export type SearchPath = 'exact' | 'index' | 'index then exact'

/** A way to store many memories at once. */
export interface BulkMode {
  readonly name: string
  /** Whether it is meant to run before the vector index is built. */
  readonly beforeIndex: boolean
  /** No more rows than this, for ways so slow that more would only take longer. */
  readonly maxRows?: number
  load(rows: readonly Row[]): Promise<void>
}

/** An open connection of one driver to its database. */
export interface Session {
  /** From the least effort to the greatest. */
  readonly efforts: readonly Effort[]
  /** Prepares for searches at this effort; not part of what is timed. */
  use(effort: Effort): Promise<void>
  /** Ids of the k nearest rows, nearest first. */
  search(request: SearchRequest): Promise<string[]>
  /** Which way the same search goes; null where nothing was searched. */
  pathOf?(request: SearchRequest): Promise<SearchPath | null>
  /** The same by the query's words, its vector, or both; `isExact` compares every vector. */
  searchWords?(
    request: SearchRequest & { readonly mode: WordSearchMode; readonly isExact?: boolean },
  ): Promise<string[]>
  /** Ids of the k nearest rows to each query, all in one call. */
  searchMany?(request: { readonly queries: readonly Query[]; readonly k: number }): Promise<string[][]>
  /** Stores one memory durably: when it resolves, a crash cannot lose it. */
  add(row: Row): Promise<void>
  readonly bulk: readonly BulkMode[]
  /** Raises the access counters of these rows by one, in one statement. */
  touch?(rows: readonly Row[]): Promise<void>
  close(): Promise<void>
}

/** A library, used as its documentation says, or a hand-written program that does the same. */
export interface Driver {
  readonly name: string
  /** One line for the report: what it is. */
  readonly about: string
  /** 'limit' and 'peer' say what it is compared as. */
  readonly role: 'funes' | 'limit' | 'peer'
  readonly engines: readonly Database['engine'][]
  readonly storage: Storage
  /** What its searches can be confined to. */
  readonly filters: readonly Scope['by'][]
  /** Why it cannot run on this machine, or null. */
  unavailable?(): Promise<string | null>
  /** What has to be found out once, in an empty database of its storage, before any session is opened: plain JSON and buffers. */
  record?(database: Database, options: { dimensions: number }): Promise<unknown>
  /** @param options.recorded what {@link record} found out */
  open(
    database: Database,
    options: { connections: number; dimensions: number; recorded?: unknown },
  ): Promise<Session>
}
