import type { Executor } from '../engine/executor.js'
import { MAX_EF_SEARCH } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { explainPlan, type Indexed, indexName } from '../sql/indexes.js'
import { type MemorySearch, searchMemories } from '../sql/memory-search.js'
import { selectBestTools } from '../sql/tools-select.js'
import { encodeVector } from '../vector.js'

/** How the planner would search. */
export interface SearchPlan {
  readonly usesIndex: boolean
  /** Whether it may read all vectors of everybody, one after another. */
  readonly readsAll: boolean
  /** In the planner's units. */
  readonly totalCost: number
}

interface PlanNode {
  'Node Type'?: string
  'Relation Name'?: string
  'Index Name'?: string
  'Total Cost': number
  Plans?: PlanNode[]
}

function hasNode(node: PlanNode, is: (node: PlanNode) => boolean): boolean {
  return is(node) || (node.Plans ?? []).some((plan) => hasNode(plan, is))
}

/** What finds tools by meaning alone, where nothing else is asked. */
const bestTools = (vector: MemorySearch) =>
  selectBestTools({
    vector,
    words: null,
    conditions: { enabled: true },
    ranking: null,
    limit: vector.k,
    explain: false,
  })

/** Asks the planner how it would search, about everyone unless `asked` says otherwise. Any vector will do: plans do not look at it. */
export async function explainSearch(
  executor: Executor,
  model: EmbeddingModel,
  compared: number,
  over: Indexed = 'memories',
  asked: Partial<Pick<MemorySearch, 'userId' | 'isConfined'>> = {},
): Promise<SearchPlan> {
  const search: MemorySearch = {
    space: model,
    filter: undefined,
    query: encodeVector(new Float32Array(model.dimensions).fill(1), model.dimensions),
    userId: null,
    k: 10,
    exactUpTo: compared,
    efSearch: Math.min(100, MAX_EF_SEARCH),
    ...asked,
  }
  const statement = over === 'memories' ? searchMemories(search) : bestTools(search)
  const [row] = await executor.run(explainPlan(statement))
  const [plan] = (row?.['QUERY PLAN'] ?? []) as { Plan: PlanNode }[]
  return {
    usesIndex:
      plan !== undefined && hasNode(plan.Plan, (node) => node['Index Name'] === indexName(model.id, over)),
    readsAll:
      plan !== undefined &&
      hasNode(
        plan.Plan,
        (node) =>
          node['Node Type'] === 'Seq Scan' &&
          node['Relation Name'] === (over === 'memories' ? 'memory_embeddings' : 'tool_embeddings'),
      ),
    totalCost: plan?.Plan['Total Cost'] ?? 0,
  }
}
