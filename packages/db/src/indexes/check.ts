import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import { exactUpTo, MAX_EF_SEARCH } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { countLiveVectors } from '../sql/index-sample.js'
import { explainPlan, indexName, selectIndexes } from '../sql/indexes.js'
import { searchMemories } from '../sql/memory-search.js'
import { encodeVector } from '../vector.js'

/** The state of one model's index. */
export interface IndexCheck {
  readonly model: string
  readonly name: string
  readonly built: boolean
  readonly valid: boolean
  /** Whether the planner takes it; null while there are so few rows that all are compared. */
  readonly used: boolean | null
  /** Whether interrupted builds left something; `indexes.build` removes it. */
  readonly leftovers: boolean
  /** What is wrong, and what to do; null when nothing is. */
  readonly problem: string | null
}

interface PlanNode {
  'Index Name'?: string
  Plans?: PlanNode[]
}

function usesIndex(node: PlanNode, name: string): boolean {
  return node['Index Name'] === name || (node.Plans ?? []).some((plan) => usesIndex(plan, name))
}

/** Asks the planner how it would search, about everyone. Any vector will do: plans do not look at it. */
async function isUsed(executor: Executor, model: EmbeddingModel, compared: number): Promise<boolean> {
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
  return plan !== undefined && usesIndex(plan.Plan, indexName(model.id))
}

function problemOf(check: Omit<IndexCheck, 'problem'>): string | null {
  if (!check.built) return 'It is not built: call `indexes.build`.'
  if (!check.valid) return 'It is invalid, as its build was interrupted: call `indexes.build`.'
  if (check.used === false) return 'The planner does not take it: run `analyze memory_embeddings`.'
  return check.leftovers ? 'An interrupted rebuild left an index beside it: call `indexes.build`.' : null
}

/** Looks whether the model's index is there, valid, and taken by the planner. */
export async function checkIndex(executor: Engine, model: EmbeddingModel): Promise<IndexCheck> {
  const compared = exactUpTo({ engine: executor.kind, isOneUser: false, isFiltered: false })
  const rows = (await executor.run(selectIndexes)).filter(({ modelId }) => modelId === model.id)
  const index = rows.find(({ leftover }) => leftover === null)
  const [counted] = await executor.run(countLiveVectors(model.id, null, compared + 1))
  const serves = index?.valid === true && (counted?.rows ?? 0) > compared
  const check = {
    model: model.name,
    name: indexName(model.id),
    built: index !== undefined,
    valid: index?.valid ?? false,
    used: serves ? await isUsed(executor, model, compared) : null,
    leftovers: rows.some(({ leftover }) => leftover !== null),
  }
  return { ...check, problem: problemOf(check) }
}
