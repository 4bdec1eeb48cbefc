import { z } from 'zod'

export const transactionOptionsSchema = z.strictObject({
  isolationLevel: z.enum(['ReadCommitted', 'RepeatableRead', 'Serializable']).optional(),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
})
