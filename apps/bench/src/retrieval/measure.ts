import { createFunes, type Funes, isFunesError, type MemoryHit } from '@funes/db'
import { createLatencies, type Latencies } from '../measure/latencies.js'
import type { Databases } from '../storage/database.js'
import type { EmbeddedSet, Question } from './labelled-set.js'
import { loadTurns, RETRIEVAL_MODEL, storableId } from './load.js'
import { MODES, type RetrievalMode } from './modes.js'
import { countOddities, type OddityCounts } from './oddity.js'
import { type Answered, type AtDepths, anyHit, DEPTHS, evidenceRecall } from './recall.js'

/** What one way of asking found, and how long it took. */
export interface ModeResult {
  readonly mode: string
  readonly anyHit: AtDepths
  readonly evidenceRecall: AtDepths
  readonly latencyMs: { readonly p50: number; readonly p95: number }
  /** Questions that the database refused or did not answer in time: nothing was found for them. */
  readonly failed: number
}

export interface RetrievalReport {
  readonly dataset: string
  readonly engine: 'server' | 'embedded'
  readonly users: number
  /** Those stored. */
  readonly turns: number
  /** Those asked. */
  readonly questions: number
  readonly dimensions: number
  /** What made the vectors; null when they came with the data. */
  readonly encoder: string | null
  /** What was left out, cut, or counts as not found; reports of before it was counted have none. */
  readonly oddities?: OddityCounts
  readonly modes: readonly ModeResult[]
}

/** Questions asked before the clock counts: plans, caches and the compiler of the client settle. */
const WARM_UP = 20
const DEEPEST = Math.max(...DEPTHS)

/** A way of asking with what it has found so far. */
interface Turn {
  readonly mode: RetrievalMode
  readonly latencies: Latencies
  readonly answers: Answered[]
  failed: number
}

/** What is wrong with one question and not with the database. */
const OF_ONE_QUESTION = /^(INPUT|EMBEDDING)\.|^DB\.(TIMEOUT|QUERY_FAILED)$/

/** The hits, or null where the question was refused or took too long: one odd question must not cost the run. */
async function search(funes: Funes, mode: RetrievalMode, question: Question): Promise<MemoryHit[] | null> {
  const options = mode.options(question)
  if (options === null) return []
  try {
    return await funes.memories.search({ userId: storableId(question.userId), k: DEEPEST, ...options })
  } catch (error) {
    if (isFunesError(error) && OF_ONE_QUESTION.test(error.code)) return null
    throw error
  }
}

/** Turns asked as if they were questions: what is timed and counted later was never asked before. */
function warmUpQuestions({ turns }: EmbeddedSet): Question[] {
  const step = Math.max(1, Math.floor(turns.length / WARM_UP))
  return turns
    .filter((_, i) => i % step === 0)
    .slice(0, WARM_UP)
    .map(({ userId, content, embedding, id }) => ({ userId, text: content, embedding, evidence: [id] }))
}

/** Asks each question in every mode before the next one, beginning with another mode each time. */
async function ask(funes: Funes, set: EmbeddedSet, ids: ReadonlyMap<string, string>): Promise<Turn[]> {
  for (const question of warmUpQuestions(set)) for (const mode of MODES) await search(funes, mode, question)
  const turns = MODES.map((mode): Turn => ({ mode, latencies: createLatencies(), answers: [], failed: 0 }))
  for (const [i, question] of set.questions.entries()) {
    for (let j = 0; j < turns.length; j++) {
      const turn = turns[(i + j) % turns.length] as Turn
      const start = performance.now()
      const hits = await search(funes, turn.mode, question)
      turn.latencies.record(performance.now() - start)
      if (hits === null) turn.failed++
      // Only what was ranked counts: a turn that came along as a hit's context is no hit.
      const ranked = (hits ?? []).map(({ memory }) => ids.get(memory.id) as string)
      turn.answers.push({ ranked, evidence: question.evidence })
    }
  }
  return turns
}

/** Stores the turns in a database of its own and asks every question in every mode. */
export async function measureRetrieval(
  databases: Databases,
  set: EmbeddedSet,
  progress: (text: string) => void,
): Promise<RetrievalReport> {
  const database = await databases.create()
  try {
    const pool = await database.openPool({ connections: 2 })
    const funes = await createFunes({ pool, model: RETRIEVAL_MODEL })
    try {
      await funes.migrate()
      const ids = await loadTurns(funes, set, (done, total) => progress(`stored ${done} of ${total} turns`))
      // Statistics as autovacuum would have them a minute later.
      await pool.query('analyze')
      for (const { name, about } of MODES) progress(`${name}: ${about}`)
      progress(`asking ${set.questions.length} questions in each of these ways`)
      const turns = await ask(funes, set, ids)
      for (const { mode, failed } of turns) {
        if (failed > 0)
          progress(`${mode.name}: ${failed} questions were refused, so nothing was found for them`)
      }
      return {
        dataset: set.name,
        engine: database.engine,
        users: new Set(set.turns.map(({ userId }) => userId)).size,
        turns: set.turns.length,
        questions: set.questions.length,
        dimensions: set.dimensions,
        encoder: set.encoder,
        oddities: countOddities(set.oddities),
        modes: turns.map(({ mode, latencies, answers, failed }) => ({
          mode: mode.name,
          anyHit: anyHit(answers),
          evidenceRecall: evidenceRecall(answers),
          latencyMs: { p50: latencies.ms(50), p95: latencies.ms(95) },
          failed,
        })),
      }
    } finally {
      await funes.close()
      await database.closePool(pool)
    }
  } finally {
    await database.drop()
  }
}
