import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { type Crowd, efNarrowed, efSearch, exactUpTo } from '../models/effort.js'
import type { EmbeddingModel } from '../models/types.js'
import { type HybridSearch, searchHybrid } from '../sql/hybrid-search.js'
import { type MemorySearch, type SearchPlan, searchMemories } from '../sql/memory-search.js'
import { encodeFor, type VectorInput } from '../vector.js'
import { embedTexts, type MemoryContext } from './context.js'
import type { ExplainedSearch } from './explain.js'
import type { MemoryFilter } from './filter.js'
import { vectorHit, wordsHit } from './hit.js'
import { DEFAULT_LANGUAGE, searchSchema } from './input.js'
import { hasOperators, type QueryText, readQueryText } from './query-text.js'
import { fullRanking } from './ranking.js'
import { type Found, findExplained, findRefined, type RefinedSearch } from './refined-search.js'
import { assertPageable, explainPage, findPage } from './search-page.js'
import { withTurnsAround } from './turns-around.js'
import type {
  Accuracy,
  ExplainSearch,
  MemoryHit,
  SearchMemories,
  SearchMode,
  SearchOptions,
} from './types.js'

/** How many rows each half of a hybrid search brings for k results. */
const MIN_CANDIDATES = 100
const CANDIDATES_PER_RESULT = 4
const MAX_CANDIDATES = 1000

/** How many rows a search for k results chooses from, where it chooses. */
export function candidateCount(k: number): number {
  return Math.max(k, Math.min(MAX_CANDIDATES, Math.max(MIN_CANDIDATES, CANDIDATES_PER_RESULT * k)))
}

/** The constant of reciprocal rank fusion; 10 found more than the customary 60 on labelled conversations. */
export const RANK_CONSTANT = 10
const DEFAULT_LEND = 0.6

/** How a model's vectors are searched for k results at an accuracy. */
export function searchPlan(
  model: EmbeddingModel,
  {
    k,
    accuracy,
    filter,
    restores = false,
    ...crowd
  }: {
    k: number
    accuracy: Accuracy
    filter: MemoryFilter | undefined
    /** Whether this is part of a transaction, which keeps the settings of its statements. */
    restores?: boolean
  } & Omit<Crowd, 'isFiltered'>,
): SearchPlan {
  const effort = efSearch(model, accuracy, k)
  return {
    space: model,
    filter,
    k,
    exactUpTo: accuracy === 'exact' ? null : exactUpTo({ ...crowd, isFiltered: filter !== undefined }),
    efSearch: crowd.isOneUser || crowd.isConfined || filter !== undefined ? efNarrowed(effort) : effort,
    ...(crowd.isConfined && { isConfined: true }),
    ...(restores && { restores }),
  }
}

/** What the caller asked for, or what can be done with what the caller gave. */
export function chooseMode(
  context: MemoryContext,
  search: Pick<SearchOptions, 'mode' | 'text' | 'embedding'>,
): SearchMode {
  if (search.mode !== undefined) return search.mode
  if (search.text === undefined) return 'vector'
  return search.embedding !== undefined || context.embedder !== undefined ? 'hybrid' : 'text'
}

/** @throws `INPUT.INVALID` */
export function required(path: 'text' | 'embedding'): never {
  throw funesError('INPUT.INVALID', `${path}: is required for this kind of search.`, {
    fix: 'Give it, or choose another mode.',
    meta: { path },
  })
}

function checkedSearch(context: MemoryContext, search: SearchMemories | ExplainSearch) {
  const input = checked(searchSchema, search)
  const mode = chooseMode(context, search)
  if (input.text === undefined && (mode !== 'vector' || input.context?.lend !== undefined)) required('text')
  if (input.text === undefined && input.embedding === undefined) required('embedding')
  if (mode === 'vector') assertNothingOfWords(input)
  const query = input.text === undefined || mode === 'vector' ? undefined : readQueryText(input.text)
  if (query !== undefined) assertWanted(query, mode === 'hybrid' && input.embedding !== undefined)
  return { ...input, mode, query }
}

/** @throws `INPUT.INVALID` for what says how words are searched, where none are */
function assertNothingOfWords(search: { weights?: unknown; fusion?: unknown; language?: unknown }): void {
  const path = (['weights', 'fusion', 'language'] as const).find((option) => search[option] !== undefined)
  if (path === undefined) return
  throw funesError(
    'INPUT.INVALID',
    `${path}: says how words are searched, and this search goes by meaning alone.`,
    {
      fix: "Leave it out, or give `text` and leave `mode` out, or make it 'hybrid' or 'text'.",
      meta: { path },
    },
  )
}

/** @throws `INPUT.INVALID` when the words say what not to find, and nothing says what to find */
export function assertWanted(query: QueryText, hasMeaning: boolean, path = 'text'): void {
  if (hasMeaning || query.words !== '' || !hasOperators(query)) return
  throw funesError('INPUT.INVALID', `${path}: says only what is to be left out.`, {
    fix: 'Say what to look for beside it, or give `embedding`; memories.list lists memories without a question.',
    meta: { path },
  })
}

/** By meaning too, what the operators rule out is not what is looked for: "tea -milk" is not about milk. */
async function embedQuestion(context: MemoryContext, text: string, query?: QueryText): Promise<VectorInput> {
  const wanted = query !== undefined && hasOperators(query) ? query.words : text
  return (await embedTexts(context, [wanted]))[0] as VectorInput
}

/**
 * What the parts of a search share, and how each is made. As few promises as can be: one costs more than a
 * microsecond where an AsyncLocalStorage is in use.
 */
function searchParts(
  context: MemoryContext,
  model: EmbeddingModel,
  search: SearchMemories | ExplainSearch,
  input: CheckedSearch,
) {
  const { k = 10, accuracy = 'high', mode, filter } = input
  const userId = input.userId ?? null
  const candidates = candidateCount(k)
  return {
    mode,
    model,
    k,
    candidates,
    vector(limit: number): MemorySearch | Promise<MemorySearch> {
      const crowd = { engine: context.engine, isOneUser: userId !== null, isConfined: context.isConfined }
      const restores = context.model.isInTransaction()
      const plan = searchPlan(model, { k: limit, accuracy, filter, restores, ...crowd })
      const encoded = (vector: VectorInput): MemorySearch => ({
        ...plan,
        // Candidates beyond what is returned are welcome, not worth a comparison of everything; what a ranking chooses from
        // is worth a wider look.
        ...(limit > k && { enough: Math.max(2 * k, 20), ...(mode === 'vector' && { widenBelow: limit }) }),
        query: encodeFor(model, vector),
        userId,
      })
      return search.embedding === undefined
        ? embedQuestion(context, search.text ?? '', input.query).then(encoded)
        : encoded(search.embedding)
    },
    words: (half: MemorySearch | null, limit: number): HybridSearch => ({
      vector: half,
      userId,
      filter,
      query: input.query as QueryText,
      language: input.language ?? DEFAULT_LANGUAGE,
      k: limit,
      candidates,
      weights: input.weights ?? (mode === 'hybrid' ? { vector: 0.5, text: 0.5 } : { vector: 0, text: 1 }),
      fusion: input.fusion ?? 'score',
      rankConstant: RANK_CONSTANT,
      lend: input.context === undefined ? 0 : (input.context.lend ?? DEFAULT_LEND),
    }),
  }
}

type CheckedSearch = ReturnType<typeof checkedSearch>
type SearchParts = ReturnType<typeof searchParts>

/** A search by meaning or with words, and nothing done to what it finds. */
async function findPlain({ executor }: MemoryContext, parts: SearchParts): Promise<MemoryHit[]> {
  const { mode, model, k, candidates } = parts
  if (mode === 'vector') {
    const rows = await executor.run(searchMemories(await parts.vector(k)))
    return rows.map((row) => vectorHit(row, model.metric))
  }
  const half = mode === 'hybrid' ? await parts.vector(candidates) : null
  return (await executor.run(searchHybrid(parts.words(half, k)))).map(wordsHit)
}

export async function findMemories(
  context: MemoryContext,
  search: SearchMemories | ExplainSearch,
): Promise<{ found: MemoryHit[] | ExplainedSearch; isEmpty: boolean }> {
  const startedAt = performance.now()
  const input = checkedSearch(context, search)
  if (input.after !== undefined) assertPageable(input)
  const parts = searchParts(context, await context.model.get(), search, input)
  if (!input.explain) {
    const { hits, isEmpty } = await findHits(context, input, parts)
    return { found: await finish(context, input, hits), isEmpty }
  }
  const { hits, isEmpty, explanation } = await explainHits(context, input, parts)
  const finished = await finish(context, input, hits)
  const timings = { ...explanation.timings, totalMs: performance.now() - startedAt }
  return { found: { hits: finished, explanation: { ...explanation, timings } }, isEmpty }
}

async function findHits(
  context: MemoryContext,
  input: CheckedSearch,
  parts: SearchParts,
): Promise<Found<MemoryHit>> {
  if (input.ranking !== undefined || input.diversity !== undefined)
    return findRefined(context, refinement(input, parts))
  const hits =
    input.after === undefined ? await findPlain(context, parts) : await findPage(context, parts, input.after)
  return { hits, isEmpty: hits.length === 0 }
}

async function explainHits(context: MemoryContext, input: CheckedSearch, parts: SearchParts) {
  if (input.after === undefined) return findExplained(context, refinement(input, parts))
  const page = await explainPage(context, parts, input.after)
  return { ...page, isEmpty: page.hits.length === 0 }
}

function refinement({ ranking, diversity, minScore }: CheckedSearch, parts: SearchParts): RefinedSearch {
  return { ...parts, ranking: ranking === undefined ? null : fullRanking(ranking), diversity, minScore }
}

/** Leaves out what scores too little, and adds the turns around the rest. */
function finish<H extends MemoryHit>(
  { executor }: MemoryContext,
  { minScore, context }: CheckedSearch,
  hits: H[],
): H[] | Promise<H[]> {
  const good = minScore === undefined ? hits : hits.filter(({ score }) => score >= minScore)
  return context === undefined ? good : withTurnsAround(executor, good, context)
}
