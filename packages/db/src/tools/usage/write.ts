import { v7 as uuidv7 } from 'uuid'
import type { Executor } from '../../engine/executor.js'
import { checked } from '../../input.js'
import { insertUsages, type NewUsage } from '../../sql/tool-usage.js'
import { readError } from './error-class.js'
import { usageSchema } from './input.js'
import type { RecordUsage } from './types.js'

/** Checks a usage and makes it ready for the wire. @throws `INPUT.INVALID`, `INPUT.NUL_CHARACTER` */
export function newUsage(given: RecordUsage): NewUsage {
  const usage = checked(usageSchema, given)
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
  }
}

/** What became of a batch. */
export interface Written {
  readonly written: number
  /** How many were of tools that there are none of, and their names. */
  readonly unknown: number
  readonly unknownTools: readonly string[]
}

/**
 * Stores a batch in one statement.
 *
 * @param isShared whether it is a statement of its own, in which usages of many users may stand
 */
export async function writeUsages(
  executor: Executor,
  batch: readonly NewUsage[],
  isShared: boolean,
): Promise<Written> {
  const [row] = await executor.run(insertUsages(batch, { isShared }))
  const unknownTools = row?.unknown ?? []
  const names = new Set(unknownTools)
  const unknown = names.size === 0 ? 0 : batch.filter(({ tool }) => names.has(tool)).length
  return { written: batch.length - unknown, unknown, unknownTools }
}
