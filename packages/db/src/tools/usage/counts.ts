import type { UsageStats } from './types.js'

/** Why usages are not taken. */
export type DropReason = keyof UsageStats['dropped']

/** Counts what becomes of usages, and says aloud once for each reason that some were lost. */
export interface UsageCounts {
  wrote(count: number): void
  dropped(reason: DropReason, count: number): void
  failed(code: string, count: number): void
  /** A failure that lost nothing. */
  stumbled(code: string): void
  stats(queued: number): UsageStats
}

/** Tells of what should not happen. */
export type Warn = (fields: Readonly<Record<string, unknown>>, message: string) => void

const MESSAGES: Record<Exclude<DropReason, 'purged'> | 'failed', string> = {
  overload: 'usages of tools come in quicker than they are stored; some are dropped',
  unknownTool: 'usages of tools that are not registered are dropped',
  invalid: 'usages of tools with wrong arguments are dropped',
  closed: 'usages of tools that come after close() are dropped',
  failed: 'usages of tools could not be stored and are lost',
}

export function createUsageCounts(warn: Warn): UsageCounts {
  const dropped: Record<DropReason, number> = {
    overload: 0,
    unknownTool: 0,
    invalid: 0,
    closed: 0,
    purged: 0,
  }
  const said = new Set<string>()
  let written = 0
  let failed = 0
  let lastError: string | null = null

  function say(reason: keyof typeof MESSAGES, fields: Readonly<Record<string, unknown>>): void {
    if (said.has(reason)) return
    said.add(reason)
    warn({ reason, ...fields }, `${MESSAGES[reason]} (said once; tools.usageStats() counts them)`)
  }

  return {
    wrote(count) {
      written += count
    },
    dropped(reason, count) {
      if (count === 0) return
      dropped[reason] += count
      // Who was purged was meant to be: that is nothing to warn of.
      if (reason !== 'purged') say(reason, {})
    },
    failed(code, count) {
      failed += count
      lastError = code
      say('failed', { code })
    },
    stumbled(code) {
      lastError = code
    },
    stats: (queued) => ({ queued, written, dropped: { ...dropped }, failed, lastError }),
  }
}
