/** What usage tells of a tool. */
export interface ToolRecord {
  calls: number
  failures: number
  lastUsedAt: Date | null
}

const PRIOR_CALLS = 10

/** Brought to 0..1 over all, as min-max does; 1 for each where there is no spread. */
function normalised(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return values.map((value) => (high - low < 1e-100 ? 1 : (value - low) / (high - low)))
}

export interface RankedTool {
  id: string
  relevance: number
  record: ToolRecord
}

/** Ranks by relevance, smoothed success rate and recent use in plain TypeScript, best first. */
export function rankTools(
  tools: readonly RankedTool[],
  weights: { relevance: number; success: number; recency: number },
  { at, halfLifeMs }: { at: Date; halfLifeMs: number },
) {
  const calls = tools.reduce((sum, { record }) => sum + record.calls, 0)
  const failures = tools.reduce((sum, { record }) => sum + record.failures, 0)
  const overall = calls === 0 ? 1 : 1 - failures / calls
  const relevance = normalised(tools.map((tool) => tool.relevance))
  return tools
    .map(({ id, record }, i) => {
      const good = record.calls - record.failures
      const success = (good + PRIOR_CALLS * overall) / (record.calls + PRIOR_CALLS)
      const ageMs =
        record.lastUsedAt === null ? null : Math.max(0, at.getTime() - record.lastUsedAt.getTime())
      const recency = ageMs === null ? 0 : 0.5 ** Math.min(ageMs / halfLifeMs, 100)
      const score =
        weights.relevance * (relevance[i] as number) + weights.success * success + weights.recency * recency
      return { id, success, recency, score }
    })
    .sort((a, b) => b.score - a.score)
}
