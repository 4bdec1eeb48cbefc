import { z } from 'zod'
import { date } from '../input.js'
import { weight } from '../memories/ranking.js'

/**
 * What a tool's rank is made of: `relevance` to the request, brought to 0..1 over the candidates, and what usage tells, which is
 * 0..1 by itself: how often its calls succeed, and how lately it was called, whatever version it had then. Summed by weight.
 */
export interface ToolRanking {
  /** Weight of what the search itself scores, 0 to 1,000; 1 unless given. */
  relevance?: number
  /**
   * Weight of the success rate; 0.3 unless given. It is smoothed: 10 calls that go as those of all candidates do are added to
   * the tool's own, so one that was never called stands where the average stands, and one failure says little.
   */
  success?: number
  /**
   * Weight of recent use, 0.5 ^ (time since the last call / half-life), 0 when never called; 0.1 unless given. Calls are
   * everybody's, so of the last one only the hour (UTC) is known, and time counts from its beginning.
   */
  recency?: number
  /** How far back calls count for success, in milliseconds, in whole days (UTC); 30 days unless given. */
  windowMs?: number
  /** How long it takes for recency to halve; 7 days unless given. */
  halfLifeMs?: number
  /** The moment from which all that is counted back; the statement's own `now()` unless given. */
  at?: Date
}

/** A ranking with nothing left open, but `at`: null is the database's now. */
export interface FullToolRanking {
  weights: { relevance: number; success: number; recency: number }
  windowMs: number
  halfLifeMs: number
  at: Date | null
}

const MS_PER_DAY = 86_400_000
const DEFAULTS = { relevance: 1, success: 0.3, recency: 0.1 } as const

const span = z.number().min(1, 'must be at least 1').max(1e13, 'must be at most 1e13')

export const toolRankingSchema = z
  .strictObject({
    relevance: weight.optional(),
    success: weight.optional(),
    recency: weight.optional(),
    windowMs: span.optional(),
    halfLifeMs: span.optional(),
    at: date.optional(),
  })
  .refine(
    ({ relevance = DEFAULTS.relevance, success = DEFAULTS.success, recency = DEFAULTS.recency }) =>
      relevance + success + recency > 0,
    { message: 'must have a weight above 0' },
  )

export function fullToolRanking(ranking: z.infer<typeof toolRankingSchema>): FullToolRanking {
  const {
    relevance = DEFAULTS.relevance,
    success = DEFAULTS.success,
    recency = DEFAULTS.recency,
    windowMs = 30 * MS_PER_DAY,
    halfLifeMs = 7 * MS_PER_DAY,
    at = null,
  } = ranking
  return { weights: { relevance, success, recency }, windowMs, halfLifeMs, at }
}
