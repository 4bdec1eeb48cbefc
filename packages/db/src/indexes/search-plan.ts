import type { Executor } from '../engine/executor.js'
import { MAX_EF_SEARCH } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { explainPlan, indexName } from '../sql/indexes.js'
import { searchMemories } from '../sql/memory-search.js'
import { encodeVector } from '../vector.js'

/** How the planner would search. */
export interface SearchPlan {
  readonly usesIndex: boolean
  /** In the planner's units. */
  readonly totalCost: number
}

interface PlanNode {
  'Index Name'?: string
  'Total Cost': number
  Plans?: PlanNode[]
}

function usesIndex(node: PlanNode, name: string): boolean {
  return node['Index Name'] === name || (node.Plans ?? []).some((plan) => usesIndex(plan, name))
}

/** Asks the planner how it would search, about everyone. Any vector will do: plans do not look at it. */
export async function explainSearch(
  executor: Executor,
  model: EmbeddingModel,
  compared: number,
): Promise<SearchPlan> {
  const query = encodeVector(new Float32Array(model.dimensions).fill(1), model.dimensions)
  const statement = searchMemories({
    space: model,
    filter: undefined,
    query,
    userId: null,
    k: 10,
    exactUpTo: compared,
    efSearch: Math.min(100, MAX_EF_SEARCH),
  })
  const [row] = await executor.run(explainPlan(statement))
  const [plan] = (row?.['QUERY PLAN'] ?? []) as { Plan: PlanNode }[]
  return {
    usesIndex: plan !== undefined && usesIndex(plan.Plan, indexName(model.id)),
    totalCost: plan?.Plan['Total Cost'] ?? 0,
  }
}
