import { z } from 'zod'

export const transactionOptionsSchema = z.strictObject({
  isolationLevel: z.enum(['ReadCommitted', 'RepeatableRead', 'Serializable']).optional(),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
  retry: z.union([z.literal(false), z.strictObject({ attempts: z.int().min(1).max(20) })]).optional(),
  signal: z.instanceof(AbortSignal, { error: 'must be an AbortSignal' }).optional(),
})

export const closeOptionsSchema = z.strictObject({
  deadlineMs: z.int().min(0).max(86_400_000).optional(),
})
