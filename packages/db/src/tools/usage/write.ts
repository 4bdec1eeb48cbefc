import { v7 as uuidv7 } from 'uuid'
import type { Executor } from '../../engine/executor.js'
import { checked } from '../../input.js'
import { insertUsages, type NewUsage } from '../../sql/tool-usage.js'
import { readError } from './error-class.js'
import { usageSchema } from './input.js'
import type { RecordUsage } from './types.js'

/** What a call throws may hold anything, circles and sockets among it: only its class and message are looked at. */
function withPlainError(given: RecordUsage): RecordUsage {
  const error = given?.error
  if (typeof error !== 'string' && !(error instanceof Error)) return given
  const { class: name, message } = readError(error)
  return { ...given, error: { class: name, ...(message !== null && { message }) } }
}

/** Checks a usage and makes it ready for the wire. @throws `INPUT.INVALID`, `INPUT.NUL_CHARACTER` */
export function newUsage(given: RecordUsage): NewUsage {
  const usage = checked(usageSchema, withPlainError(given))
  const error = usage.error === undefined ? null : readError(usage.error)
  const at = usage.at ?? new Date()
  return {
    id: uuidv7(),
    tool: usage.tool,
    userId: usage.userId ?? null,
    sessionId: usage.sessionId ?? null,
    success: usage.success,
    durationMs: usage.durationMs ?? null,
    errorClass: error?.class ?? null,
    errorMessage: error?.message ?? null,
    inputTokens: usage.inputTokens ?? null,
    outputTokens: usage.outputTokens ?? null,
    metadata: usage.metadata === undefined ? '{}' : JSON.stringify(usage.metadata),
    at,
    recordedAt: Date.now(),
  }
}

/** What became of a batch. */
export interface Written {
  readonly written: number
  /** How many were of tools that there are none of, and their names. */
  readonly unknown: number
  readonly unknownTools: readonly string[]
  /** How many were of users who were purged since they were recorded. */
  readonly purged: number
}

/**
 * Stores a batch in one statement.
 *
 * @param isShared whether it is a statement of its own, in which usages of many users may stand
 * @param isQueued whether they were recorded some time ago, and nobody waits for them
 */
export async function writeUsages(
  executor: Executor,
  batch: readonly NewUsage[],
  { isShared, isQueued = false }: { isShared: boolean; isQueued?: boolean },
): Promise<Written> {
  const sentAt = isQueued ? Date.now() : null
  const [row] = await executor.run(insertUsages(batch, { isShared, sentAt }))
  const { unknown: unknownTools, unknownCount: unknown, purged } = row as NonNullable<typeof row>
  return { written: batch.length - unknown - purged, unknown, unknownTools, purged }
}
