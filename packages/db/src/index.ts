export type {
  Archive,
  ArchiveCounts,
  ArchiveProgress,
  Compression,
  ExportArchive,
  ExportResult,
  ImportArchive,
  ImportedRows,
  ImportResult,
  OnConflict,
} from './archive/types.js'
export type { CallOptions } from './call-options.js'
export type { Environment, FunesOptions, Limits, RetryOptions } from './config.js'
export type { DoctorReport, RunDoctor } from './doctor/doctor.js'
export type { DoctorFinding, DoctorFix, Severity } from './doctor/finding.js'
export type { Embedder } from './embedder.js'
export type { CloseOptions } from './engine/closing.js'
export type { TransactionOptions } from './engine/engine.js'
export type { PoolHolder, PoolStats } from './engine/held.js'
export { ERROR_CODES, type FunesErrorCode } from './errors/codes.js'
export { type FunesError, isFunesError } from './errors/funes-error.js'
export { createFunes, type Funes, type FunesScope, type FunesTransaction } from './funes.js'
export type { Finding } from './health/findings.js'
export type { Health } from './health/health.js'
export type { BuildOptions } from './indexes/build.js'
export type { CalibrationPoint, CalibrationResult } from './indexes/calibrate.js'
export type { IndexCheck, IndexState } from './indexes/check.js'
export type { Calibrate, Indexes, VectorIndex } from './indexes/indexes.js'
export type { BuildProgress } from './indexes/watch-build.js'
export type { ForgetResult, ForgottenMemory } from './lifecycle/forget.js'
export type {
  Forget,
  ForgetPolicy,
  Lifecycle,
  StartSweeping,
  Sweep,
  SweepOnce,
} from './lifecycle/lifecycle.js'
export type { Purge, PurgeProgress, PurgeUser } from './lifecycle/purge.js'
export { type PurgeReceipt, purgeDigest } from './lifecycle/purge-receipt.js'
export type { SweepResult } from './lifecycle/sweep.js'
export type { Sweeping } from './lifecycle/sweeping.js'
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
  RestoreMemory,
  RestoreVersion,
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
export type { Logger, SlowQuery } from './observe/log-sink.js'
export type { ObserveOptions } from './observe/options.js'
export type { Telemetry, TelemetryMeter, TelemetrySpan, TelemetryTracer } from './observe/telemetry.js'
export type { Session, SessionKey, Sessions, StartSession } from './sessions/sessions.js'
export type { OpenScope } from './tenancy/as.js'
export type { Own } from './tenancy/own.js'
export type { TenancyStatus } from './tenancy/status.js'
export type { Tenancy } from './tenancy/tenancy.js'
export type { TenantScope, TenantTransaction } from './tenancy/tenant-scope.js'
export type { UserMemories, UserScope, UserSessions, UserTransaction } from './tenancy/user-scope.js'
export type {
  AnthropicTool,
  FormatOptions,
  FormatProblem,
  Formattable,
  MCPTool,
  ObjectSchema,
  OpenAIChatTool,
  OpenAIFormatOptions,
  OpenAIResponsesTool,
  UnsupportedTool,
} from './tools/format-types.js'
export type { ToolRanking } from './tools/ranking.js'
export type {
  ExplainedSelection,
  ExplainedToolHit,
  ExplainTools,
  SelectTools,
  ToolHit,
  ToolHitExplanation,
} from './tools/select-types.js'
export type { Tools } from './tools/tools.js'
export type {
  CallCheck,
  CallProblem,
  GetTool,
  JsonSchema,
  ListTools,
  RegisteredTool,
  RegisterManyOptions,
  RegisterOneTool,
  RegisterTool,
  RemoveTool,
  Tool,
  ToolFilter,
  ToolKey,
  ToolPage,
  ToolParameters,
  ToolVersion,
  ValidateOptions,
} from './tools/types.js'
export type { UsageError } from './tools/usage/error-class.js'
export type { ToolUsageOptions } from './tools/usage/options.js'
export type {
  FailingTool,
  FailingTools,
  NeverUsedTool,
  NeverUsedTools,
  TrendingTool,
  TrendingTools,
} from './tools/usage/rankings.js'
export type {
  RecordManyResult,
  RecordOneUsage,
  RecordOptions,
  RecordUsage,
  UsageBucket,
  UsageMeasures,
  UsageQuery,
  UsageReport,
  UsageStats,
} from './tools/usage/types.js'
export type { UsageSweep } from './tools/usage/upkeep.js'
export type { ToolUsage } from './tools/usage/usage.js'
export type { User, Users } from './users/users.js'
export type { VectorInput } from './vector.js'
