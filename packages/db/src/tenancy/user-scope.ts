import type { CallOptions } from '../call-options.js'
import type { TransactionOptions } from '../engine/engine.js'
import type { Prisma } from '../engine/prisma.js'
import type { AddManyOptions, AddManyResult } from '../memories/add.js'
import type { ExplainedSearch } from '../memories/explain.js'
import type { MemoryVersion } from '../memories/memories.js'
import type {
  AddedMemory,
  AddMemory,
  AddOneMemory,
  ListMemories,
  Memory,
  MemoryHit,
  MemoryKey,
  MemoryPage,
  RestoreMemory,
  RestoreVersion,
  SearchManyOptions,
  SearchOptions,
  SearchQuestion,
  UpdateMemory,
} from '../memories/types.js'
import type { Session, SessionKey, StartSession } from '../sessions/sessions.js'
import type { RecordUsage, UsageQuery } from '../tools/usage/types.js'
import type { User } from '../users/users.js'
import type { Own } from './own.js'
import type { ScopedTools } from './scoped-tools.js'

/**
 * One user's memories: every call as on `funes.memories`, with `userId` left out. To give another one is
 * `TENANCY.FOREIGN_USER`, before the database is asked.
 */
export interface UserMemories {
  add(memory: Own<AddOneMemory>): Promise<AddedMemory>
  addMany(
    memories: Iterable<Own<AddMemory>> | AsyncIterable<Own<AddMemory>>,
    options?: AddManyOptions,
  ): Promise<AddManyResult>
  get(key: Own<MemoryKey> & { includeDeleted?: boolean } & CallOptions): Promise<Memory | null>
  embedding(key: Own<MemoryKey> & CallOptions): Promise<Float32Array | null>
  list(options?: Own<ListMemories>): Promise<MemoryPage>
  count(of?: { userId?: string } & CallOptions): Promise<number>
  search(search: Own<SearchOptions> & { explain: true }): Promise<ExplainedSearch>
  search(search: Own<SearchOptions> & { explain?: false }): Promise<MemoryHit[]>
  searchMany(questions: readonly Own<SearchQuestion>[], options?: SearchManyOptions): Promise<MemoryHit[][]>
  update(change: Own<UpdateMemory>): Promise<Memory>
  touch(
    keys: (Own<MemoryKey> & CallOptions) | readonly Own<MemoryKey>[],
    options?: CallOptions,
  ): Promise<{ touched: number }>
  delete(key: Own<MemoryKey> & { actor?: string } & CallOptions): Promise<Memory>
  restore(memory: Own<RestoreMemory>): Promise<Memory>
  restoreVersion(memory: Own<RestoreVersion>): Promise<Memory>
  history(key: Own<MemoryKey> & CallOptions): Promise<MemoryVersion[]>
}

/** One user's sessions: every call as on `funes.sessions`, with `userId` left out. */
export interface UserSessions {
  start(session?: Own<StartSession>): Promise<Session>
  get(key: Own<SessionKey> & CallOptions): Promise<Session | null>
  list(
    options?: { userId?: string; limit?: number; cursor?: string | null } & CallOptions,
  ): Promise<{ items: Session[]; nextCursor: string | null }>
  end(session: Own<SessionKey> & { endedAt?: Date } & CallOptions): Promise<Session>
}

/** What one user can do: nothing of it shows or changes what is another's. */
export interface UserScope {
  readonly userId: string
  readonly memories: UserMemories
  readonly sessions: UserSessions
  readonly tools: ScopedTools<Own<RecordUsage>, Own<UsageQuery>>
  /**
   * The user's own row, or null while there is none.
   *
   * @throws `DB.*`
   */
  user(options?: CallOptions): Promise<User | null>
  /**
   * Makes the user's row where missing; metadata, when given, replaces what was there.
   *
   * @throws `INPUT.INVALID`
   */
  ensureUser(user?: { metadata?: Record<string, unknown> } & CallOptions): Promise<User>
  /**
   * Runs `work` in one transaction of this scope, and rolls everything back if it throws. Whatever joins it, calls on `funes` and
   * its `prisma` too, is held to the scope by the database while row-level security is on. The scope of another user, or of
   * a tenant, cannot be opened in it.
   *
   * @throws what `work` throws; `TENANCY.FOREIGN_USER` for a row of another user that was to be written, or another scope;
   * `TRANSACTION.TIMEOUT`, `DB.*`
   */
  transaction<T>(work: (tx: UserTransaction) => Promise<T>, options?: TransactionOptions): Promise<T>
}

/** A running transaction of one user's scope. */
export interface UserTransaction extends Omit<UserScope, 'transaction'> {
  /**
   * The generated Prisma client, in which a statement that names no user sees this user's rows alone.
   *
   * @throws `TENANCY.OFF` while row-level security is off, as nothing would hold it then
   */
  readonly prisma: Prisma.TransactionClient
  /**
   * A savepoint: what it did is undone if it throws, and only that.
   *
   * @throws what `work` throws
   */
  transaction<T>(work: (tx: UserTransaction) => Promise<T>): Promise<T>
}
