import type { Span } from '../../sql/tool-usage-cells.js'

const MS_PER_MINUTE = 60_000

/** Cells that there are, from the largest to the smallest, in minutes. */
const GRAINS = [1440, 360, 60, 15] as const

/** The smallest ones of a tool go when its rows do. */
const KEPT_OF_TOOL = [1440, 360, 60] as const

interface Part {
  grain: Span['grain']
  from: number
  to: number
}

/**
 * Covers a range with the largest cells that fit, and with rows where none does: adjacent spans, in order. No cell reaches across
 * `bounds`, the edges of buckets. Before `rawFrom`, where rows were dropped, a smallest cell that is cut counts for the part that
 * it begins in.
 */
export function coverRange(
  { since, until }: { since: Date; until: Date },
  { bounds, rawFrom, ofTool }: { bounds: readonly Date[] | null; rawFrom: Date | null; ofTool: boolean },
): Span[] {
  const border = rawFrom?.getTime() ?? Number.NEGATIVE_INFINITY
  const parts: Part[] = []

  function put(grain: Span['grain'], from: number, to: number): void {
    if (from >= to) return
    const last = parts.at(-1)
    if (last !== undefined && last.grain === grain && last.to === from) last.to = to
    else parts.push({ grain, from, to })
  }

  function putRows(from: number, to: number, smallest: 15 | 60): void {
    if (from >= border) {
      put(0, from, to)
      return
    }
    const ms = smallest * MS_PER_MINUTE
    put(smallest, Math.ceil(from / ms) * ms, Math.ceil(to / ms) * ms)
  }

  function cover(from: number, to: number, grains: typeof GRAINS | typeof KEPT_OF_TOOL, level: number): void {
    if (from >= to) return
    const grain = grains[level]
    if (grain === undefined) {
      putRows(from, to, grains.at(-1) as 15 | 60)
      return
    }
    const ms = grain * MS_PER_MINUTE
    const first = Math.ceil(from / ms) * ms
    const last = Math.floor(to / ms) * ms
    if (first >= last) {
      cover(from, to, grains, level + 1)
      return
    }
    cover(from, first, grains, level + 1)
    put(grain, first, last)
    cover(last, to, grains, level + 1)
  }

  const inside = [...(bounds ?? []).map((bound) => bound.getTime()), border]
    .filter((at) => at > since.getTime() && at < until.getTime())
    .sort((a, b) => a - b)
  const edges = [since.getTime(), ...inside, until.getTime()]
  for (const [i, from] of edges.slice(0, -1).entries()) {
    cover(from, edges[i + 1] as number, ofTool && from < border ? KEPT_OF_TOOL : GRAINS, 0)
  }
  return parts.map(({ grain, from, to }) => ({ grain, from: new Date(from), to: new Date(to) }))
}
