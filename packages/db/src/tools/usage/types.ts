import type { CallOptions } from '../../call-options.js'
import type { BucketUnit } from '../../sql/tool-usage-plan.js'
import type { UsageError } from './error-class.js'

/** One call of a tool, and how it went. */
export interface RecordUsage {
  /** A registered tool's name. */
  tool: string
  /** The version that was called; the one that the tool has when the usage is stored unless given. */
  version?: number
  /**
   * Who it was called for: any text of 1 to 512 characters, whether or not there is a user of that id. `purge` removes the usages
   * of that id too, and those that are still queued.
   */
  userId?: string
  /** In which of the user's sessions; likewise any text. */
  sessionId?: string
  success: boolean
  /** From 0; left out, the call is not in the percentiles. */
  durationMs?: number
  /** Why it failed: what was thrown, a class and a message, or a text such as `TimeoutError: no answer`. Only without success. */
  error?: string | Error | UsageError
  /** Whole numbers from 0. */
  inputTokens?: number
  outputTokens?: number
  /** Any JSON object of up to 16,384 characters. */
  metadata?: Record<string, unknown>
  /** When it was called, at most an hour ahead of this process's clock; now unless given. */
  at?: Date
  /** A UUID: recorded again with the same `at`, such as after an answer was lost, the call counts once. Only with `at`. */
  id?: string
}

/** How a usage is recorded. */
export interface RecordOptions extends CallOptions {
  /**
   * Stores before it answers, and throws where it cannot; inside `funes.transaction` as part of it, and undone with it. False unless
   * given: then it only queues, never throws, and what was called stays recorded even if a transaction is rolled back.
   */
  wait?: boolean
}

export interface RecordOneUsage extends RecordUsage, RecordOptions {}

/** What became of many usages. */
export interface RecordManyResult {
  /** Stored, or queued for it where it was not to wait. */
  readonly accepted: number
  /** Not taken, for one of the reasons that `usageStats` counts. */
  readonly dropped: number
  /** Names that no tool has, with `@` and the version where one was given (`send_email@9`); only known after waiting. */
  readonly unknownTools: readonly string[]
}

/** What became of the usages recorded through this Funes; of those that were waited for, only that they were written. */
export interface UsageStats {
  /** Waiting to be stored. */
  readonly queued: number
  /** Stored, but for those in a transaction of the caller's, which may yet be rolled back. */
  readonly written: number
  /**
   * Refused: the queue was full, as it is before long while the database cannot be written to, no tool of that name and version, an argument was wrong, Funes was closed, or the user was purged after
   * the usage was recorded, or within the minute before.
   */
  readonly dropped: {
    readonly overload: number
    readonly unknownTool: number
    readonly invalid: number
    readonly closed: number
    readonly purged: number
  }
  /** Lost: the database refused just these, or Funes was closed while it could not be written to. */
  readonly failed: number
  /** The code of the last failure; null when there was none. */
  readonly lastError: string | null
}

/** Which usages are measured. */
export interface UsageQuery extends CallOptions {
  /** A registered tool's name; all tools unless given. */
  tool?: string
  /** Only usages of this version of the tool; of all its versions together unless given. Only with `tool`. */
  version?: number
  /** Usages of one user, counted from the rows. */
  userId?: string
  /** Usages of one session of that user. */
  sessionId?: string
  /** From this moment on; 30 days before `until` unless given. */
  since?: Date
  /** Up to this moment, which is left out; the end of the running hour unless given, or given as this second, but for a full quarter. */
  until?: Date
  /** Also by hour, day or week (from Monday), of the local clock of `timeZone`; 750 buckets at most. */
  bucket?: BucketUnit
  /** A name of the IANA time zone database; `UTC` unless given. */
  timeZone?: string
  /** True reads every row, false adds up cells; unless given, whichever is quicker. One user's are always rows. */
  exact?: boolean
}

/** What is said of a number of usages. */
export interface UsageMeasures {
  readonly calls: number
  readonly failures: number
  /** From 0 to 1; null without calls. */
  readonly successRate: number | null
  /** Of the calls that have a duration, in milliseconds, by nearest rank; null without such calls. */
  readonly durationMs: {
    readonly mean: number
    readonly p50: number
    readonly p95: number
    readonly p99: number
  } | null
  /** The most frequent classes, up to 20. */
  readonly errors: readonly { readonly class: string; readonly calls: number }[]
  readonly lastUsedAt: Date | null
  /** How many different users, and sessions of users, there were. */
  readonly users: number
  readonly sessions: number
  readonly inputTokens: number
  readonly outputTokens: number
}

export interface UsageBucket extends UsageMeasures {
  readonly start: Date
  readonly end: Date
}

/** The usages of a range of time. */
export interface UsageReport extends UsageMeasures {
  readonly since: Date
  readonly until: Date
  /**
   * Whether everything was counted from rows. Otherwise counts, sums and times are exact all the same, percentiles are within
   * 2.5 %, and `users` and `sessions` are estimates (standard error 1 to 2.3 % up to half a million).
   */
  readonly exact: boolean
  /**
   * Before this moment rows have been dropped, and only whole hours are known of a tool, quarters of an hour of all tools: a range
   * or a bucket that begins or ends within one takes it whole or not at all. Null while all rows are there.
   */
  readonly rawFrom: Date | null
  /** In order, those without calls too; empty unless asked for. The first and the last may reach beyond the range. */
  readonly buckets: readonly UsageBucket[]
}
