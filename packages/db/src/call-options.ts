/** What every public call takes beside its own input: how it is called off, and how long it may take. */
export interface CallOptions {
  /** Calls the work off: a wait ends at once, a running statement is cancelled, a write happens or does not. */
  readonly signal?: AbortSignal
  /** Longest the call may take, in milliseconds, everything it does counted. */
  readonly timeoutMs?: number
}
