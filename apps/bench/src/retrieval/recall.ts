/** The depths at which recall is told. */
export const DEPTHS = [5, 10, 20] as const
export type Depth = (typeof DEPTHS)[number]
export type AtDepths = Readonly<Record<Depth, number>>

/** One question's ranked hits and its evidence, both as ids of the data set. */
export interface Answered {
  readonly ranked: readonly string[]
  readonly evidence: readonly string[]
}

function meanAtDepths(
  answers: readonly Answered[],
  of: (top: ReadonlySet<string>, evidence: readonly string[]) => number,
) {
  const mean = (depth: number) =>
    answers.reduce((sum, { ranked, evidence }) => sum + of(new Set(ranked.slice(0, depth)), evidence), 0) /
    answers.length
  return Object.fromEntries(DEPTHS.map((depth) => [depth, mean(depth)])) as Record<Depth, number>
}

/** The mean over questions of |evidence in the top k| / |evidence|. */
export function evidenceRecall(answers: readonly Answered[]): AtDepths {
  return meanAtDepths(
    answers,
    (top, evidence) => evidence.filter((id) => top.has(id)).length / evidence.length,
  )
}

/** The share of questions that have at least one piece of evidence in the top k. */
export function anyHit(answers: readonly Answered[]): AtDepths {
  return meanAtDepths(answers, (top, evidence) => (evidence.some((id) => top.has(id)) ? 1 : 0))
}
