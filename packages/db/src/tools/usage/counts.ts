import type { UsageStats } from './types.js'

/** Why usages are not taken. */
export type DropReason = keyof UsageStats['dropped']

/** Counts what becomes of usages, and says aloud that some were lost: for each reason once an hour at most. */
export interface UsageCounts {
  wrote(count: number): void
  /** @param names of tools that are not registered */
  dropped(reason: DropReason, count: number, names?: readonly string[]): void
  failed(code: string, count: number): void
  /** A failure that lost nothing. */
  stumbled(code: string): void
  stats(queued: number): UsageStats
}

/** Told of usages that were stored, or why they were not. */
export type TellUsages = (outcome: 'stored' | DropReason | 'failed', count: number) => void

/** Tells of what should not happen. */
export type Warn = (fields: Readonly<Record<string, unknown>>, message: string) => void

const MESSAGES: Record<Exclude<DropReason, 'purged'> | 'failed', string> = {
  overload: 'usages of tools come in quicker than they are stored; some are dropped',
  unknownTool: 'usages of tools that are not registered are dropped',
  invalid: 'usages of tools with wrong arguments are dropped',
  closed: 'usages of tools that come after close() are dropped',
  failed: 'usages of tools could not be stored and are lost',
}

const SAY_EVERY_MS = 3_600_000
const MAX_NAMES = 5
const MAX_NAME = 100

/** A few of the names, as they may be long and many. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return ''
  const first = names.slice(0, MAX_NAMES).map((name) => JSON.stringify(name.slice(0, MAX_NAME)))
  return `: ${first.join(', ')}${names.length > MAX_NAMES ? ', ...' : ''}`
}

export function createUsageCounts(warn: Warn, tell: TellUsages = () => {}): UsageCounts {
  const dropped: Record<DropReason, number> = {
    overload: 0,
    unknownTool: 0,
    invalid: 0,
    closed: 0,
    purged: 0,
  }
  const saidAt = new Map<string, number>()
  let written = 0
  let failed = 0
  let lastError: string | null = null

  function say(
    reason: keyof typeof MESSAGES,
    fields: Readonly<Record<string, unknown>>,
    names: readonly string[] = [],
  ): void {
    const now = Date.now()
    if (now - (saidAt.get(reason) ?? Number.NEGATIVE_INFINITY) < SAY_EVERY_MS) return
    saidAt.set(reason, now)
    const what = `${MESSAGES[reason]}${listed(names)}`
    warn({ reason, ...fields }, `${what} (said once an hour at most; tools.usageStats() counts them)`)
  }

  return {
    wrote(count) {
      written += count
      tell('stored', count)
    },
    dropped(reason, count, names) {
      if (count === 0) return
      dropped[reason] += count
      tell(reason, count)
      // Who was purged was meant to be: that is nothing to warn of.
      if (reason !== 'purged') say(reason, {}, names)
    },
    failed(code, count) {
      failed += count
      tell('failed', count)
      lastError = code
      say('failed', { code })
    },
    stumbled(code) {
      lastError = code
    },
    stats: (queued) => ({ queued, written, dropped: { ...dropped }, failed, lastError }),
  }
}
