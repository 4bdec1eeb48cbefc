import type { Metric } from '../models/types.js'
import type { HybridRow } from '../sql/hybrid-search.js'
import type { SearchRow } from '../sql/memory-search.js'
import type { RankedRow } from '../sql/ranking.js'
import type { MemoryHit } from './types.js'

/** A row of a search by meaning as a hit. */
export function vectorHit({ distance, ...memory }: SearchRow, metric: Metric): MemoryHit {
  return { memory, distance, score: score(distance, metric) }
}

/** A row of a search with words as a hit. */
export function wordsHit({
  distance,
  score: total,
  vectorScore,
  textScore,
  neighbourScore,
  ...memory
}: HybridRow): MemoryHit {
  return {
    memory,
    distance,
    score: total,
    parts: { vector: vectorScore, text: textScore, neighbour: neighbourScore },
  }
}

/** A row of a refined search as a hit: with words when it has their parts. */
export function refinedHit({
  distance,
  score: total,
  vectorScore,
  textScore,
  neighbourScore,
  vector,
  path,
  probed,
  matched,
  considered,
  relevanceRaw,
  relevanceNormal,
  recencyRaw,
  recencyNormal,
  importanceRaw,
  importanceNormal,
  ...memory
}: RankedRow): MemoryHit {
  const hit = { memory, distance, score: total }
  if (vectorScore === null || textScore === null || neighbourScore === null) return hit
  return { ...hit, parts: { vector: vectorScore, text: textScore, neighbour: neighbourScore } }
}

function score(distance: number, metric: Metric): number {
  switch (metric) {
    case 'cosine':
      return 1 - distance
    case 'l2':
      return 1 / (1 + distance)
    case 'inner-product':
      return -distance
  }
}
