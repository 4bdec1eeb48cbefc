import { types } from 'node:util'
import { v7 as uuidv7 } from 'uuid'
import type { Executor } from '../../engine/executor.js'
import { funesError, isFunesError } from '../../errors/funes-error.js'
import { checked } from '../../input.js'
import { insertUsages, type NewUsage } from '../../sql/tool-usage.js'
import { MAX_CLASS, readError, type UsageError } from './error-class.js'
import { usageSchema } from './input.js'
import type { RecordUsage } from './types.js'

const MAX_METADATA = 16_384

/** An error of another realm, such as that of a test runner or a plug-in, as one of this. */
function ofThisRealm(error: unknown): unknown {
  if (error instanceof Error || !types.isNativeError(error)) return error
  const { name, message, code } = error as Error & { code?: unknown }
  return Object.assign(new Error(message), { name, code })
}

/**
 * What a call throws may hold anything, circles and sockets among it: only its class and message are looked at. What a caller put
 * together is looked through like all else, but for what no text of the database holds.
 */
function withPlainError(given: RecordUsage): RecordUsage {
  const error = ofThisRealm(given?.error) as RecordUsage['error']
  const isMade =
    typeof error === 'object' &&
    error !== null &&
    Object.keys(error).every((key) => key === 'class' || key === 'message') &&
    typeof (error as UsageError).class === 'string' &&
    (error as UsageError).class.length <= MAX_CLASS &&
    ['string', 'undefined'].includes(typeof error.message)
  if (typeof error !== 'string' && !(error instanceof Error) && !isMade) return given
  const { class: name, message } = readError(error as string | Error | UsageError)
  return { ...given, error: { class: name, ...(message !== null && { message }) } }
}

function metadataText(metadata: Record<string, unknown> | undefined): string {
  if (metadata === undefined) return '{}'
  const text = JSON.stringify(metadata)
  if (text.length <= MAX_METADATA) return text
  throw funesError('INPUT.INVALID', `metadata: must have at most ${MAX_METADATA} characters of JSON.`, {
    fix: 'Keep what is larger elsewhere, and refer to it.',
    meta: { path: 'metadata' },
  })
}

/** Checks a usage and makes it ready for the wire. @throws `INPUT.INVALID`, `INPUT.NUL_CHARACTER` */
export function newUsage(given: RecordUsage): NewUsage {
  const usage = checked(usageSchema, withPlainError(given))
  const error = usage.error === undefined ? null : readError(usage.error)
  const at = usage.at ?? new Date()
  return {
    id: usage.id ?? uuidv7(),
    tool: usage.tool,
    version: usage.version ?? null,
    userId: usage.userId ?? null,
    sessionId: usage.sessionId ?? null,
    success: usage.success,
    durationMs: usage.durationMs ?? null,
    errorClass: error?.class ?? null,
    errorMessage: error?.message ?? null,
    inputTokens: usage.inputTokens ?? null,
    outputTokens: usage.outputTokens ?? null,
    metadata: metadataText(usage.metadata),
    at,
    recordedAt: Date.now(),
  }
}

/** As {@link newUsage}, of one of many: an error says which. */
export function newUsageAt(given: RecordUsage, index: number): NewUsage {
  try {
    return newUsage(given)
  } catch (error) {
    if (!isFunesError(error)) throw error
    const { code, message, fix, meta } = error
    const path = `usages[${index}]${meta.path === 'argument' ? '' : `.${String(meta.path)}`}`
    throw funesError(code, `usages[${index}]: ${message}`, { fix, meta: { ...meta, path, index } })
  }
}

/** What became of a batch. */
export interface Written {
  readonly written: number
  /** How many were of tools, or versions of them, that there are none of, and their names. */
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
