import { z } from 'zod'
import { date, idText, jsonObject, uuid } from '../../input.js'
import { MAX_CLASS, type UsageError } from './error-class.js'

/** Names are looked up and not judged: one that no tool can have is a tool that there is none of. */
const tool = z.string().min(1, 'must not be empty').max(512, 'must have at most 512 characters')

/** As the registry counts them. */
const version = z.int().min(1, 'must be at least 1').max(2_147_483_647)

const tokens = z.int().min(0, 'must be at least 0').max(2_147_483_647)

const error = z.union(
  [
    z.string(),
    z.instanceof(Error),
    z.strictObject({
      class: z
        .string()
        .max(MAX_CLASS)
        .refine((text) => text.trim() !== ''),
      message: z.string().optional(),
    }),
  ],
  'must be an Error, a text, or { class, message }',
) as z.ZodType<string | Error | UsageError>

/** By so much the clocks of other machines may be ahead of this one's. */
const MAX_AHEAD_MS = 3_600_000

/** A call that is yet to come would rank its tool as just called for as long as that takes, for everybody. */
const calledAt = date.refine(
  (at) => at.getTime() <= Date.now() + MAX_AHEAD_MS,
  'must not be more than an hour ahead of the clock',
)

export const usageSchema = z
  .strictObject({
    tool,
    version: version.optional(),
    userId: idText.optional(),
    sessionId: idText.optional(),
    success: z.boolean('must be true or false'),
    durationMs: z
      .number('must be a number')
      .min(0, 'must be at least 0')
      .max(1e12, 'must be at most 1e12')
      .optional(),
    error: error.optional(),
    inputTokens: tokens.optional(),
    outputTokens: tokens.optional(),
    metadata: jsonObject.optional(),
    at: calledAt.optional(),
    id: uuid.optional(),
  })
  .refine(({ success, error }) => !success || error === undefined, {
    message: 'goes only with success: false',
    path: ['error'],
  })
  .refine(({ id, at }) => id === undefined || at !== undefined, {
    message: 'goes only with at: usages are told apart by both',
    path: ['id'],
  })

export const waitSchema = z.boolean('must be true or false').optional()

/**
 * Offsets such as UTC+2 are left out, as PostgreSQL reads their sign the other way round, and so are abbreviations such as CET: it
 * takes them for a fixed offset, summer or not.
 */
const timeZone = z
  .string()
  .regex(
    /^(?:utc|gmt|[a-z_]+(?:\/[a-z0-9_+-]+){1,2})$/i,
    'must be UTC, or a name of the IANA time zone database with a region, such as Europe/Berlin',
  )

const MAX_WINDOW_MS = 10 * 366 * 86_400_000
const span = z.int().min(60_000, 'must be at least 60,000').max(MAX_WINDOW_MS)
const limit = z.int().min(1).max(1000).optional()
const enabled = z.boolean().optional()

export const querySchema = z
  .strictObject({
    tool: tool.optional(),
    version: version.optional(),
    userId: idText.optional(),
    sessionId: idText.optional(),
    since: date.optional(),
    until: date.optional(),
    bucket: z.enum(['hour', 'day', 'week'], 'must be hour, day or week').optional(),
    timeZone: timeZone.optional(),
    exact: z.boolean().optional(),
  })
  .refine(({ tool, version }) => version === undefined || tool !== undefined, {
    message: 'goes only with tool: a version is one of its tool',
    path: ['version'],
  })
  .refine(({ userId, sessionId }) => sessionId === undefined || userId !== undefined, {
    message: 'goes only with userId: a session is one of its user',
    path: ['sessionId'],
  })
  .refine(({ userId, exact }) => userId === undefined || exact !== false, {
    message: 'cannot be false with userId: what is kept for long is not kept by user',
    path: ['exact'],
  })

export const trendingSchema = z.strictObject({
  until: date.optional(),
  windowMs: span.optional(),
  smoothing: z.number().min(0.1, 'must be at least 0.1').max(1e9).optional(),
  minCalls: z.int().min(1).max(2_147_483_647).optional(),
  enabled,
  limit,
})

export const failingSchema = z.strictObject({
  since: date.optional(),
  until: date.optional(),
  minCalls: z.int().min(1).max(2_147_483_647).optional(),
  minErrorRate: z.number().min(0).max(1).optional(),
  enabled,
  limit,
})

export const unusedSchema = z.strictObject({ since: date.optional(), enabled, limit })

export const dropSchema = z.strictObject({ before: date })
export const sweepSchema = z.strictObject({ keepRawMs: span.optional() })

export const usageOptionsSchema = z.strictObject({
  maxQueued: z.int().min(1).max(1_000_000).optional(),
  batchSize: z.int().min(1).max(10_000).optional(),
  flushIntervalMs: z.int().min(1).max(600_000).optional(),
  keepRawMs: span.optional(),
})
