import { explainSearch, type SearchPlan } from '../indexes/search-plan.js'
import { exactUpTo } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { selectBusiestUser } from '../sql/doctor.js'
import { countLiveVectors } from '../sql/index-sample.js'
import { selectTableRows } from '../sql/indexes.js'
import { enterScope, leaveScope } from '../sql/tenancy.js'
import { readTenancy } from '../tenancy/status.js'
import { type DoctorFinding, failed, found, shellWord } from './finding.js'
import type { Patient } from './patient.js'

/** Whoever has a larger share of all vectors is read quickest with all of them. */
const MAX_SHARE = 0.1
/** So many times as many as are compared anyway are read before anybody notices. */
const UNNOTICED = 4

/** How the planner would search for one user, and what it should do for so many vectors. */
export interface UserSearch {
  readonly plan: Pick<SearchPlan, 'usesIndex' | 'readsAll'>
  /** Vectors of that user, and of all. */
  readonly own: number
  readonly all: number
  /** Up to so many are compared one by one. */
  readonly compared: number
  readonly isConfined: boolean
}

/** What is to be said of it; undefined where the way is the right one. */
export function judgeUserSearch(
  { plan, own, all, compared, isConfined }: UserSearch,
  model: Pick<EmbeddingModel, 'name'>,
  index: string,
): DoctorFinding | undefined {
  const isMany = own > compared
  const mayReadAll = own > all * MAX_SHARE || all <= compared * UNNOTICED
  if (isMany ? plan.usesIndex : !plan.readsAll || mayReadAll) return undefined
  const where = isConfined ? ' under row-level security' : ''
  const fix = {
    sql: 'analyze memory_embeddings;',
    command: `funes reindex ${shellWord(model.name)}`,
    text: isConfined
      ? 'Should it stay so, look for policies on memory_embeddings that are not of Funes: each of their conditions is asked of every row.'
      : 'Should it stay so, look for settings that forbid plans, such as enable_indexscan.',
  }
  return isMany
    ? found(
        'error',
        isConfined ? 'vector-index.unused-under-rls' : 'vector-index.unused-by-user',
        `The planner does not use the vector index of the model ${JSON.stringify(model.name)} for one user${where}`,
        `The user that has the most has more than ${compared} vectors, and EXPLAIN of the search of that user${where} does not name ${index}: it compares all of them.`,
        fix,
      )
    : found(
        'error',
        isConfined ? 'vector-index.reads-all-under-rls' : 'vector-index.reads-all',
        `A search of one user${where} reads the vectors of everybody`,
        `EXPLAIN of the search of a user with ${own} of ${Math.round(all)} vectors${where} has a sequential scan of memory_embeddings in place of that user's own rows.`,
        fix,
      )
}

/** Asks EXPLAIN how one user would be searched, the one with the most vectors; and once more inside of that user's scope, where row-level security is on. */
export async function checkUserSearch(
  patient: Patient,
  model: EmbeddingModel,
  index: string,
): Promise<DoctorFinding[]> {
  const compared = exactUpTo({ engine: patient.engine.kind, isOneUser: true, isFiltered: false })
  try {
    return await patient.allUsers(async (executor) => {
      const [busiest] = await executor.run(selectBusiestUser(model.id))
      const userId = busiest?.userId
      if (userId === undefined || userId === null) return []
      const [counted] = await executor.run(countLiveVectors(model.id, userId, compared + 1))
      const [table] = await executor.run(selectTableRows)
      const facts = { own: counted?.rows ?? 0, all: table?.rows ?? 0, compared }
      const ask = async (isConfined: boolean) => {
        const asked = { userId, ...(isConfined && { isConfined }) }
        const plan = await explainSearch(executor, model, compared, 'memories', asked)
        return judgeUserSearch({ ...facts, plan, isConfined }, model, index) ?? []
      }
      const findings = [await ask(false)].flat()
      if ((await readTenancy(executor)).rowLevelSecurity === 'off') return findings
      const [before] = await executor.run(enterScope({ userId }))
      findings.push(...[await ask(true)].flat())
      if (before) await executor.run(leaveScope(before))
      return findings
    })
  } catch (error) {
    return [failed('vector-index', `The search of one user under ${JSON.stringify(model.name)}`, error)]
  }
}
