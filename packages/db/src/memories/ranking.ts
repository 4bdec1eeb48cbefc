import { z } from 'zod'
import { date } from '../input.js'

/**
 * What a memory's rank is made of: `relevance` to the question, `recency`, and `importance`, each brought to 0..1 over the
 * candidates and summed by weight (Park et al., "Generative Agents", UIST 2023, https://arxiv.org/abs/2304.03442).
 */
export interface Ranking {
  /** Weight of what the search itself scores, 0 to 1,000; 1 unless given. */
  relevance?: number
  /** Weight of recency, 0.5 ^ (age / half-life); 1 unless given. The age is that of the last access, or else of the memory. */
  recency?: number
  /** Weight of the memory's `importance`; 1 unless given. */
  importance?: number
  /** How long it takes for recency to halve; unless given 138 hours, the paper's decay of 0.995 an hour. */
  halfLifeMs?: number
  /** The moment that ages are counted to; the statement's own `now()` unless given. */
  at?: Date
}

/** A ranking with nothing left open, but `at`: null is the database's now. */
export interface FullRanking {
  weights: { relevance: number; recency: number; importance: number }
  halfLifeMs: number
  at: Date | null
}

const PAPER_DECAY_PER_HOUR = 0.995
const MS_PER_HOUR = 3_600_000
const DEFAULT_HALF_LIFE_MS = (Math.log(0.5) / Math.log(PAPER_DECAY_PER_HOUR)) * MS_PER_HOUR

/** A weight too small to matter could make a product too small for a float8, which PostgreSQL refuses. */
export const weight = z
  .number()
  .max(1000, 'must be at most 1000')
  .refine((w) => w === 0 || w >= 1e-6, 'must be 0 or at least 0.000001')

export const rankingSchema = z
  .strictObject({
    relevance: weight.optional(),
    recency: weight.optional(),
    importance: weight.optional(),
    halfLifeMs: z.number().min(1, 'must be at least 1').max(1e13, 'must be at most 1e13').optional(),
    at: date.optional(),
  })
  .refine(({ relevance = 1, recency = 1, importance = 1 }) => relevance + recency + importance > 0, {
    message: 'must have a weight above 0',
  })

export function fullRanking(ranking: z.infer<typeof rankingSchema>): FullRanking {
  const { relevance = 1, recency = 1, importance = 1, halfLifeMs = DEFAULT_HALF_LIFE_MS, at = null } = ranking
  return { weights: { relevance, recency, importance }, halfLifeMs, at }
}
