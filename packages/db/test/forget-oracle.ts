import type { ForgetPolicy, MemorySource } from '../src/index.js'

/** A live memory, as far as forgetting looks at it; `accessedAt` null was never accessed. */
export interface Fading {
  id: string
  source: MemorySource
  importance: number
  createdAt: number
  accessedAt: number | null
}

/** The definition, in plain words: what of one user's live memories may be forgotten at `at`, with scores, and how many of it. */
export function fadedOf(
  memories: readonly Fading[],
  policy: ForgetPolicy,
  at: number,
): { candidates: Map<string, number>; count: number } {
  const {
    halfLifeMs = 30 * 86_400_000,
    below,
    minAgeMs = 86_400_000,
    exceptSources = [],
    keepAtLeast = 0,
  } = policy
  const candidates = new Map<string, number>()
  for (const { id, source, importance, createdAt, accessedAt } of memories) {
    const age = Math.max(0, at - Math.max(createdAt, accessedAt ?? createdAt))
    const score = importance * 2 ** (-age / halfLifeMs)
    if (score < below && age >= minAgeMs && !exceptSources.includes(source)) candidates.set(id, score)
  }
  const spare = Math.max(0, memories.length - keepAtLeast)
  return { candidates, count: Math.min(spare, candidates.size) }
}
