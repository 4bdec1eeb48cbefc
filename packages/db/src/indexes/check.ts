import type { Executor } from '../engine/executor.js'
import { exactUpTo } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { countLiveVectors, countToolVectors } from '../sql/index-sample.js'
import { type Indexed, type IndexRow, indexName, selectIndexes } from '../sql/indexes.js'
import { explainSearch } from './search-plan.js'

/** The state of one vector index. */
export interface IndexState {
  readonly name: string
  readonly built: boolean
  readonly valid: boolean
  /** Whether the planner takes it; null while there are so few rows that all are compared. */
  readonly used: boolean | null
  /** Whether interrupted builds left something; `indexes.build` removes it. */
  readonly leftovers: boolean
}

/** The state of a model's indexes: of the one of memories, and in `tools` of the one of tools. */
export interface IndexCheck extends IndexState {
  readonly model: string
  readonly tools: IndexState
  /** What is wrong with either, and what to do; null when nothing is. */
  readonly problem: string | null
}

function problemOf({ built, valid, used, leftovers }: IndexState, over: Indexed): string | null {
  const it = over === 'memories' ? 'It' : 'The index of its tools'
  if (!built) return `${it} is not built: call \`indexes.build\`.`
  if (!valid) return `${it} is invalid, as its build was interrupted: call \`indexes.build\`.`
  if (used === false) {
    const table = over === 'memories' ? 'memory_embeddings' : 'tool_embeddings'
    return `The planner does not take ${over === 'memories' ? 'it' : 'the index of its tools'}: run \`analyze ${table}\`.`
  }
  const beside = over === 'memories' ? 'it' : 'the index of its tools'
  return leftovers ? `An interrupted rebuild left an index beside ${beside}: call \`indexes.build\`.` : null
}

/** Looks whether the model's indexes are there, valid, and taken by the planner; `isShared` where that is no part of a transaction. */
export async function checkIndex(
  executor: Executor,
  engine: 'server' | 'embedded',
  model: EmbeddingModel,
  { isShared }: { isShared: boolean },
): Promise<IndexCheck> {
  const compared = exactUpTo({ engine, isOneUser: false, isFiltered: false })
  const ofModel = (await executor.run(selectIndexes)).filter(({ modelId }) => modelId === model.id)

  async function stateOf(over: Indexed): Promise<IndexState> {
    const rows: IndexRow[] = ofModel.filter((row) => row.over === over)
    const index = rows.find(({ leftover }) => leftover === null)
    const count =
      over === 'memories'
        ? countLiveVectors(model.id, null, compared + 1, { isShared })
        : countToolVectors(model.id, compared + 1)
    const [counted] = await executor.run(count)
    const serves = index?.valid === true && (counted?.rows ?? 0) > compared
    return {
      name: indexName(model.id, over),
      built: index !== undefined,
      valid: index?.valid ?? false,
      used: serves ? (await explainSearch(executor, model, compared, over)).usesIndex : null,
      leftovers: rows.some(({ leftover }) => leftover !== null),
    }
  }

  const memories = await stateOf('memories')
  const tools = await stateOf('tools')
  const problem = problemOf(memories, 'memories') ?? problemOf(tools, 'tools')
  return { model: model.name, ...memories, tools, problem }
}
