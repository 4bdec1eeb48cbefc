/** How usages of tools are stored. Times are in milliseconds. */
export interface ToolUsageOptions {
  /**
   * So many wait to be stored at most, of 3,200 characters on average; what comes then is dropped, and counted. 10,000 unless given.
   * They wait however long the database cannot be written to.
   */
  maxQueued?: number
  /** So many are stored in one statement, 1 to 10,000; 1,000 unless given. */
  batchSize?: number
  /** No usage waits longer before its batch is sent; 1,000 unless given. */
  flushIntervalMs?: number
  /**
   * Rows of weeks that ended longer ago are dropped, their totals kept; by whoever writes as the owner of the tables, or by
   * `sweepUsage`. Rows are kept for ever unless given.
   */
  keepRawMs?: number
}

export interface FullToolUsageOptions {
  readonly maxQueued: number
  readonly batchSize: number
  readonly flushIntervalMs: number
  readonly keepRawMs: number | null
}

export function fullToolUsageOptions({
  maxQueued = 10_000,
  batchSize = 1_000,
  flushIntervalMs = 1_000,
  keepRawMs,
}: ToolUsageOptions = {}): FullToolUsageOptions {
  return {
    maxQueued,
    batchSize: Math.min(batchSize, maxQueued),
    flushIntervalMs,
    keepRawMs: keepRawMs ?? null,
  }
}
