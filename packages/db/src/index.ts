export type { Environment, FunesOptions, Limits } from './config.js'
export type { Embedder } from './embedder.js'
export type { TransactionOptions } from './engine/engine.js'
export { ERROR_CODES, type FunesErrorCode } from './errors/codes.js'
export { type FunesError, isFunesError } from './errors/funes-error.js'
export { createFunes, type Funes, type FunesScope, type FunesTransaction } from './funes.js'
export type { Finding } from './health/findings.js'
export type { Health } from './health/health.js'
export type { BuildOptions } from './indexes/build.js'
export type { CalibrationPoint, CalibrationResult } from './indexes/calibrate.js'
export type { IndexCheck } from './indexes/check.js'
export type { Calibrate, Indexes, VectorIndex } from './indexes/indexes.js'
export type { BuildProgress } from './indexes/watch-build.js'
export type { AddManyOptions, AddManyResult } from './memories/add.js'
export type { Diversity, DiversityPart } from './memories/diversity.js'
export type {
  ExplainedHit,
  ExplainedSearch,
  HitExplanation,
  RankPart,
  SearchExplanation,
  SearchPath,
} from './memories/explain.js'
export type {
  JsonScalar,
  MemoryConditions,
  MemoryFilter,
  MetadataCondition,
  NumberRange,
  TimeRange,
} from './memories/filter.js'
export type { BulkMemories, LoadOptions } from './memories/load.js'
export type { Memories, MemoryVersion } from './memories/memories.js'
export type { Ranking } from './memories/ranking.js'
export type {
  Accuracy,
  AddedMemory,
  AddMemory,
  AddOneMemory,
  ExplainSearch,
  ListMemories,
  Memory,
  MemoryHit,
  MemoryKey,
  MemoryPage,
  MemorySource,
  Metadata,
  OnDuplicate,
  SearchContext,
  SearchManyOptions,
  SearchMemories,
  SearchMode,
  SearchOptions,
  SearchQuestion,
  UpdateMemory,
} from './memories/types.js'
export type { MigrateResult } from './migrate/migrate.js'
export type { ModelLifecycle, ReembedModel, RetireOptions } from './models/lifecycle.js'
export type { Models } from './models/models.js'
export type { ReembedProgress } from './models/progress.js'
export type {
  CalibratedEffort,
  Calibration,
  EmbeddingModel,
  IndexKind,
  Metric,
  ModelState,
  RegisterModel,
} from './models/types.js'
export type { Session, SessionKey, Sessions, StartSession } from './sessions/sessions.js'
export type { User, Users } from './users/users.js'
export type { VectorInput } from './vector.js'
