import type { RankPart } from '../memories/explain.js'
import type { SelectedRow } from '../sql/tools-select.js'
import type { FullToolRanking } from './ranking.js'
import type { ExplainedToolHit, ToolHit } from './select-types.js'

/** A row of a selection as a hit. */
export function toolHit({
  distance,
  score,
  vectorScore,
  textScore,
  path,
  probed,
  matched,
  considered,
  relevanceRaw,
  relevanceNormal,
  successRaw,
  recencyRaw,
  calls,
  failures,
  lastUsedAt,
  ...tool
}: SelectedRow): ToolHit {
  const hit = { tool, distance, score }
  if (vectorScore === null || textScore === null) return hit
  return { ...hit, parts: { vector: vectorScore, text: textScore } }
}

function part(raw: number | undefined, normalised: number | undefined, weight: number): RankPart | null {
  return raw === undefined || normalised === undefined
    ? null
    : { raw, normalised, weighted: weight * normalised }
}

export function explainedToolHit(row: SelectedRow, ranking: FullToolRanking | null): ExplainedToolHit {
  const weights = ranking?.weights ?? { relevance: 0, success: 0, recency: 0 }
  const success = part(row.successRaw, row.successRaw, weights.success)
  const recency = part(row.recencyRaw, row.recencyRaw, weights.recency)
  const { calls = 0, failures = 0, lastUsedAt = null } = row
  return {
    ...toolHit(row),
    explanation: {
      vector: row.vectorScore,
      text: row.textScore,
      relevance: part(row.relevanceRaw, row.relevanceNormal, weights.relevance),
      success: success && { ...success, calls, failures },
      recency: recency && { ...recency, lastUsedAt },
    },
  }
}
