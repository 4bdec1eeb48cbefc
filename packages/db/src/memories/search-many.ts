import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import type { EmbeddingModel } from '../models/types.js'
import { type Question, searchManyMemories } from '../sql/memory-search.js'
import { encodeFor, type VectorInput } from '../vector.js'
import { embedTexts, type MemoryContext } from './context.js'
import { vectorHit } from './hit.js'
import { questionsSchema, searchManySchema } from './input.js'
import { readQueryText } from './query-text.js'
import { assertWanted, searchPlan } from './search.js'
import type { MemoryHit, SearchManyOptions, SearchQuestion } from './types.js'

/** Questions a statement: each is a vector of some kilobytes, and one answer is held in memory at a time. */
const BATCH = 100

interface Numbered {
  question: Question
  /** Where its answer goes. */
  position: number
}

/** Makes the vectors that are missing, in one call of the embedder. */
async function encodeAll(
  context: MemoryContext,
  model: EmbeddingModel,
  questions: readonly SearchQuestion[],
): Promise<Numbered[]> {
  const texts = questions.flatMap(({ embedding, text }) =>
    embedding === undefined && text !== undefined ? [text] : [],
  )
  if (texts.length > 0 && context.embedder === undefined) {
    throw funesError(
      'EMBEDDING.REQUIRED',
      'searchMany goes by meaning, and there is no embedder for `text`.',
      {
        fix: 'Give `embedding`, or give createFunes an `embedder`; by words alone, call `search` for each question.',
      },
    )
  }
  const made = texts.length > 0 ? [...(await embedTexts(context, texts))] : []
  return questions.map(({ embedding, userId }, position) => ({
    question: {
      query: encodeFor(model, embedding ?? (made.shift() as VectorInput), `${position}.embedding`),
      userId: userId ?? null,
    },
    position,
  }))
}

export async function findManyMemories(
  context: MemoryContext,
  questions: readonly SearchQuestion[],
  options: SearchManyOptions,
): Promise<MemoryHit[][]> {
  checked(questionsSchema, questions)
  const { k = 10, accuracy = 'high', filter } = checked(searchManySchema, options)
  for (const [i, { text, embedding }] of questions.entries())
    if (text !== undefined && embedding === undefined) assertWanted(readQueryText(text), false, `${i}.text`)
  const model = await context.model.get()
  const answers: MemoryHit[][] = questions.map(() => [])
  const all = await encodeAll(context, model, questions)
  for (const alike of [
    all.filter((q) => q.question.userId !== null),
    all.filter((q) => q.question.userId === null),
  ]) {
    const isOneUser = alike[0]?.question.userId !== null
    const { engine, isConfined } = context
    const restores = context.model.isInTransaction()
    const plan = searchPlan(model, { k, accuracy, filter, restores, engine, isOneUser, isConfined })
    for (let start = 0; start < alike.length; start += BATCH) {
      const batch = alike.slice(start, start + BATCH)
      const rows = await context.executor.run(
        searchManyMemories(
          plan,
          batch.map((q) => q.question),
        ),
      )
      for (const { position, ...row } of rows) {
        answers[(batch[position] as Numbered).position]?.push(vectorHit(row, model.metric))
      }
    }
  }
  return answers
}
