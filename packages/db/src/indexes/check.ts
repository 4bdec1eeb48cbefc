import type { Executor } from '../engine/executor.js'
import { exactUpTo } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { countLiveVectors } from '../sql/index-sample.js'
import { indexName, selectIndexes } from '../sql/indexes.js'
import { explainSearch } from './search-plan.js'

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

function problemOf(check: Omit<IndexCheck, 'problem'>): string | null {
  if (!check.built) return 'It is not built: call `indexes.build`.'
  if (!check.valid) return 'It is invalid, as its build was interrupted: call `indexes.build`.'
  if (check.used === false) return 'The planner does not take it: run `analyze memory_embeddings`.'
  return check.leftovers ? 'An interrupted rebuild left an index beside it: call `indexes.build`.' : null
}

/** Looks whether the model's index is there, valid, and taken by the planner; `isShared` where that is no part of a transaction. */
export async function checkIndex(
  executor: Executor,
  engine: 'server' | 'embedded',
  model: EmbeddingModel,
  { isShared }: { isShared: boolean },
): Promise<IndexCheck> {
  const compared = exactUpTo({ engine, isOneUser: false, isFiltered: false })
  const rows = (await executor.run(selectIndexes)).filter(({ modelId }) => modelId === model.id)
  const index = rows.find(({ leftover }) => leftover === null)
  const [counted] = await executor.run(countLiveVectors(model.id, null, compared + 1, { isShared }))
  const serves = index?.valid === true && (counted?.rows ?? 0) > compared
  const check = {
    model: model.name,
    name: indexName(model.id),
    built: index !== undefined,
    valid: index?.valid ?? false,
    used: serves ? (await explainSearch(executor, model, compared)).usesIndex : null,
    leftovers: rows.some(({ leftover }) => leftover !== null),
  }
  return { ...check, problem: problemOf(check) }
}
