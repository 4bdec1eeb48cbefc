import { createFunes, type Funes } from '@funes/db'
import { createLatencies } from '../measure/latencies.js'
import type { Databases } from '../storage/database.js'
import type { EmbeddedSet } from './labelled-set.js'
import { loadTurns, RETRIEVAL_MODEL } from './load.js'
import { MODES, type RetrievalMode } from './modes.js'
import { type Answered, type AtDepths, anyHit, DEPTHS, evidenceRecall } from './recall.js'

/** What one way of asking found, and how long it took. */
export interface ModeResult {
  readonly mode: string
  readonly anyHit: AtDepths
  readonly evidenceRecall: AtDepths
  readonly latencyMs: { readonly p50: number; readonly p95: number }
}

export interface RetrievalReport {
  readonly dataset: string
  readonly engine: 'server' | 'embedded'
  readonly users: number
  readonly turns: number
  readonly questions: number
  readonly dimensions: number
  /** What made the vectors; null when they came with the data. */
  readonly encoder: string | null
  readonly modes: readonly ModeResult[]
}

/** Questions asked before the clock counts: plans, caches and the compiler of the client settle. */
const WARM_UP = 20
const DEEPEST = Math.max(...DEPTHS)

async function measureMode(
  funes: Funes,
  mode: RetrievalMode,
  { questions }: EmbeddedSet,
  ids: ReadonlyMap<string, string>,
): Promise<ModeResult> {
  const search = (question: EmbeddedSet['questions'][number]) =>
    funes.memories.search({ userId: question.userId, k: DEEPEST, ...mode.options(question) })
  for (const question of questions.slice(0, WARM_UP)) await search(question)
  const latencies = createLatencies()
  const answers: Answered[] = []
  for (const question of questions) {
    const start = performance.now()
    const hits = await search(question)
    latencies.record(performance.now() - start)
    // Only what was ranked counts: a turn that came along as a hit's context is no hit.
    answers.push({
      ranked: hits.map(({ memory }) => ids.get(memory.id) as string),
      evidence: question.evidence,
    })
  }
  return {
    mode: mode.name,
    anyHit: anyHit(answers),
    evidenceRecall: evidenceRecall(answers),
    latencyMs: { p50: latencies.ms(50), p95: latencies.ms(95) },
  }
}

/** Stores the turns in a database of its own and asks every question in every mode, one after the other. */
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
      const modes: ModeResult[] = []
      for (const mode of MODES) {
        progress(`asking ${set.questions.length} questions, ${mode.name}: ${mode.about}`)
        modes.push(await measureMode(funes, mode, set, ids))
      }
      return {
        dataset: set.name,
        engine: database.engine,
        users: new Set(set.turns.map(({ userId }) => userId)).size,
        turns: set.turns.length,
        questions: set.questions.length,
        dimensions: set.dimensions,
        encoder: set.encoder,
        modes,
      }
    } finally {
      await funes.close()
      await database.closePool(pool)
    }
  } finally {
    await database.drop()
  }
}
