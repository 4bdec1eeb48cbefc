import type { z } from 'zod'
import { checked } from '../input.js'
import { embedTexts, type MemoryContext } from '../memories/context.js'
import { explainSearch } from '../memories/explain.js'
import { DEFAULT_LANGUAGE } from '../memories/input.js'
import { candidateCount, chooseMode, RANK_CONSTANT, required, searchPlan } from '../memories/search.js'
import type { SearchMode } from '../memories/types.js'
import { underModel } from '../memories/under-model.js'
import type { MemorySearch } from '../sql/memory-search.js'
import type { ToolConditions } from '../sql/tools-collection.js'
import { selectBestTools, type ToolSearch } from '../sql/tools-select.js'
import { encodeFor, type VectorInput } from '../vector.js'
import { explainedToolHit, toolHit } from './hit.js'
import { selectSchema } from './input.js'
import { fullToolRanking } from './ranking.js'
import type { ExplainedSelection, ExplainTools, SelectTools, ToolHit } from './select-types.js'
import type { ToolFilter } from './types.js'

const DEFAULT_K = 5

/** What both halves count: see docs/benchmarks/tool-selection.md. */
const DEFAULT_WEIGHTS = { vector: 0.5, text: 0.5 } as const

/** A filter as conditions; `enabled` as it is meant where nothing is said. */
export function conditionsOf(filter: ToolFilter = {}, enabled: boolean | 'any'): ToolConditions {
  const { enabled: wanted = enabled, ...rest } = filter
  return { ...rest, ...(wanted !== 'any' && { enabled: wanted }) }
}

type CheckedSelect = z.infer<typeof selectSchema>

/** The search by meaning for so many tools. */
async function byMeaning(
  context: MemoryContext,
  select: SelectTools | ExplainTools,
  { accuracy = 'high' }: CheckedSelect,
  { k, enough }: { k: number; enough: number },
): Promise<MemorySearch> {
  const model = await context.model.get()
  const embedding =
    select.embedding ?? ((await embedTexts(context, [select.text as string]))[0] as VectorInput)
  return {
    ...searchPlan(model, {
      ...{ k, accuracy, filter: undefined, engine: context.engine, isOneUser: false },
      restores: context.model.isInTransaction(),
    }),
    // Candidates beyond what is returned are welcome, not worth a comparison of everything.
    ...(enough < k && { enough }),
    query: encodeFor(model, embedding),
    userId: null,
  }
}

/** The request as words: it is what somebody wants done, and no search with operators. */
function byWords(input: CheckedSelect, mode: SearchMode, k: number, candidates: number) {
  const query = { words: input.text as string, required: null, excludedPhrases: [], excludedWords: [] }
  return {
    query,
    userId: null,
    filter: undefined,
    language: input.language ?? DEFAULT_LANGUAGE,
    k,
    candidates,
    weights: input.weights ?? (mode === 'hybrid' ? DEFAULT_WEIGHTS : { vector: 0, text: 1 }),
    fusion: input.fusion ?? 'score',
    rankConstant: RANK_CONSTANT,
    lend: 0,
  }
}

async function find(
  context: MemoryContext,
  select: SelectTools | ExplainTools,
): Promise<{ found: ToolHit[] | ExplainedSelection; isEmpty: boolean }> {
  const startedAt = performance.now()
  const input = checked(selectSchema, select)
  const mode = chooseMode(context, select)
  if (input.text === undefined && mode !== 'vector') required('text')
  if (input.text === undefined && input.embedding === undefined) required('embedding')
  const { k = DEFAULT_K, explain = false, minScore } = input
  const ranking = input.ranking === undefined ? null : fullToolRanking(input.ranking)
  const candidates = candidateCount(k)
  const pool = ranking === null ? k : candidates
  const half = mode === 'vector' ? pool : candidates
  const enough = Math.max(2 * k, 20)
  const vector = mode === 'text' ? null : await byMeaning(context, select, input, { k: half, enough })
  const embeddedAt = performance.now()
  const search: ToolSearch = {
    vector,
    words: mode === 'vector' ? null : byWords(input, mode, pool, candidates),
    conditions: conditionsOf(input.filter as ToolFilter | undefined, true),
    ranking,
    limit: k,
    explain,
  }
  const rows = await context.executor.run(selectBestTools(search))
  const good = minScore === undefined ? rows : rows.filter(({ score }) => score >= minScore)
  const isEmpty = rows.length === 0
  if (!explain) return { found: good.map(toolHit), isEmpty }
  const statementMs = performance.now() - embeddedAt
  const [first] = rows
  const explanation = explainSearch(mode, vector, first && { ...first, neighbourScore: null })
  const timings = { embedMs: embeddedAt - startedAt, statementMs, totalMs: performance.now() - startedAt }
  const hits = good.map((row) => explainedToolHit(row, ranking))
  return { found: { hits, explanation: { ...explanation, timings } }, isEmpty }
}

/** Finds the best tools for a request, under the model that is in use. */
export async function findTools(
  context: MemoryContext,
  select: SelectTools | ExplainTools,
): Promise<ToolHit[] | ExplainedSelection> {
  const isDoubtful = ({ isEmpty }: { isEmpty: boolean }) => isEmpty
  const givesVectors = select?.embedding !== undefined
  const { found } = await underModel(context, { givesVectors, isDoubtful }, (pinned) => find(pinned, select))
  return found
}
