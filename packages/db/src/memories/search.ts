import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import type { EmbeddingModel, Metric } from '../models/types.js'
import { searchHybrid } from '../sql/hybrid-search.js'
import { type MemorySearch, type SearchPlan, searchMemories } from '../sql/memory-search.js'
import { encodeVector, type VectorInput } from '../vector.js'
import { embedTexts, type MemoryContext } from './context.js'
import type { MemoryFilter } from './filter.js'
import { DEFAULT_LANGUAGE, searchSchema } from './input.js'
import { readQueryText } from './query-text.js'
import { withTurnsAround } from './turns-around.js'
import type { Accuracy, Memory, MemoryHit, SearchMemories, SearchMode } from './types.js'

/** Up to so many candidates a full comparison is as quick as the index, and exact. */
const EXACT_UP_TO = 4000

/** hnsw.ef_search by accuracy: at least the recall@10 of .999 and .973 measured on 39,400 real sentence vectors. */
const EF_SEARCH: Readonly<Record<Accuracy, number>> = { exact: 200, high: 200, fast: 40 }

/** How many rows each half of a hybrid search brings for k results. */
const MIN_CANDIDATES = 100
const CANDIDATES_PER_RESULT = 4
const MAX_CANDIDATES = 1000

/** The constant of reciprocal rank fusion; 10 found more than the customary 60 on labelled conversations. */
const RANK_CONSTANT = 10
const DEFAULT_LEND = 0.3

function efSearch(accuracy: Accuracy, k: number): number {
  return Math.min(1000, Math.max(EF_SEARCH[accuracy], accuracy === 'high' ? 2 * k : k))
}

/** How a model's vectors are searched for k results at an accuracy. */
export function searchPlan(
  model: EmbeddingModel,
  { k, accuracy, filter }: { k: number; accuracy: Accuracy; filter: MemoryFilter | undefined },
): SearchPlan {
  return {
    space: model,
    filter,
    k,
    exactUpTo: accuracy === 'exact' ? null : EXACT_UP_TO,
    efSearch: efSearch(accuracy, k),
  }
}

/** A row of a search by meaning as a hit. */
export function vectorHit({ distance, ...memory }: Memory & { distance: number }, metric: Metric): MemoryHit {
  return { memory, distance, score: score(distance, metric) }
}

function score(distance: number, metric: Metric): number {
  switch (metric) {
    case 'cosine':
      return 1 - distance
    case 'l2':
      return 1 / (1 + distance)
    case 'inner-product':
      return -distance
  }
}

/** What the caller asked for, or what can be done with what the caller gave. */
function chooseMode(context: MemoryContext, search: SearchMemories): SearchMode {
  if (search.mode !== undefined) return search.mode
  if (search.text === undefined) return 'vector'
  return search.embedding !== undefined || context.embedder !== undefined ? 'hybrid' : 'text'
}

function required(path: 'text' | 'embedding'): never {
  throw funesError('INPUT.INVALID', `${path}: is required for this kind of search.`, {
    fix: 'Give it, or choose another mode.',
    meta: { path },
  })
}

function checkedSearch(context: MemoryContext, search: SearchMemories) {
  const input = checked(searchSchema, search)
  const mode = chooseMode(context, search)
  if (input.text === undefined && (mode !== 'vector' || input.context?.lend !== undefined)) required('text')
  if (input.text === undefined && input.embedding === undefined) required('embedding')
  return { ...input, mode }
}

async function queryVector(
  context: MemoryContext,
  model: EmbeddingModel,
  search: SearchMemories,
): Promise<Buffer> {
  const vector = search.embedding ?? ((await embedTexts(context, [search.text ?? '']))[0] as VectorInput)
  return encodeVector(vector, model.dimensions)
}

export async function findMemories(context: MemoryContext, search: SearchMemories): Promise<MemoryHit[]> {
  const input = checkedSearch(context, search)
  const { k = 10, accuracy = 'high', mode } = input
  const userId = input.userId ?? null
  const model = await context.model.get()
  const candidates = Math.max(
    k,
    Math.min(MAX_CANDIDATES, Math.max(MIN_CANDIDATES, CANDIDATES_PER_RESULT * k)),
  )

  const vector = async (limit: number): Promise<MemorySearch> => ({
    ...searchPlan(model, { k: limit, accuracy, filter: input.filter }),
    query: await queryVector(context, model, search),
    userId,
  })

  let hits: MemoryHit[]
  if (mode === 'vector') {
    const rows = await context.executor.run(searchMemories(await vector(k)))
    hits = rows.map((row) => vectorHit(row, model.metric))
  } else {
    const rows = await context.executor.run(
      searchHybrid({
        vector: mode === 'hybrid' ? await vector(candidates) : null,
        userId,
        filter: input.filter,
        query: readQueryText(input.text as string),
        language: input.language ?? DEFAULT_LANGUAGE,
        k,
        candidates,
        weights: input.weights ?? (mode === 'hybrid' ? { vector: 0.5, text: 0.5 } : { vector: 0, text: 1 }),
        fusion: input.fusion ?? 'score',
        rankConstant: RANK_CONSTANT,
        lend: input.context === undefined ? 0 : (input.context.lend ?? DEFAULT_LEND),
      }),
    )
    hits = rows.map(({ distance, score: total, vectorScore, textScore, neighbourScore, ...memory }) => ({
      memory,
      distance,
      score: total,
      parts: { vector: vectorScore, text: textScore, neighbour: neighbourScore },
    }))
  }
  return input.context === undefined ? hits : withTurnsAround(context.executor, hits, search.context ?? {})
}
