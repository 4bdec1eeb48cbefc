export type { Environment, FunesOptions, Limits } from './config.js'
export type { Embedder } from './embedder.js'
export type { TransactionOptions } from './engine/engine.js'
export { ERROR_CODES, type FunesErrorCode } from './errors/codes.js'
export { type FunesError, isFunesError } from './errors/funes-error.js'
export { createFunes, type Funes, type FunesScope, type FunesTransaction } from './funes.js'
export type { Finding } from './health/findings.js'
export type { Health } from './health/health.js'
export type { AddManyOptions, AddManyResult } from './memories/add.js'
export type {
  JsonScalar,
  MemoryConditions,
  MemoryFilter,
  MetadataCondition,
  NumberRange,
  TimeRange,
} from './memories/filter.js'
export type { Memories, MemoryVersion } from './memories/memories.js'
export type {
  Accuracy,
  AddMemory,
  ListMemories,
  Memory,
  MemoryHit,
  MemoryKey,
  MemoryPage,
  MemorySource,
  Metadata,
  SearchContext,
  SearchManyOptions,
  SearchMemories,
  SearchMode,
  SearchOptions,
  SearchQuestion,
  UpdateMemory,
} from './memories/types.js'
export type { MigrateResult } from './migrate/migrate.js'
export type { Models } from './models/models.js'
export type { EmbeddingModel, IndexKind, Metric, ModelState, RegisterModel } from './models/types.js'
export type { Session, SessionKey, Sessions, StartSession } from './sessions/sessions.js'
export type { User, Users } from './users/users.js'
export type { VectorInput } from './vector.js'
