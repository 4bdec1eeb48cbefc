import type { Engine } from '../engine/engine.js'
import type { Executor } from '../engine/executor.js'
import type { CurrentModel } from '../models/current-model.js'
import { exactUpTo, MAX_EF_SEARCH } from '../models/effort.js'
import { assertSeesEveryone, everyone } from '../models/everyone.js'
import type { CalibratedEffort, Calibration, EmbeddingModel } from '../models/types.js'
import { countLiveVectors, type SampleRow, selectRowSecurity, selectSample } from '../sql/index-sample.js'
import { searchMemories } from '../sql/memory-search.js'
import { decodeVector, encodeFor, type VectorInput } from '../vector.js'
import { isIndexBuilt } from './build.js'
import { keepCalibration } from './keep-calibration.js'
import { questionBetween } from './question.js'
import { type Mean, meanOf, type Neighbour, recallAt, without } from './recall.js'

/** One effort tried. */
export interface CalibrationPoint {
  readonly efSearch: number
  /** Mean recall@k. */
  readonly recall: number
  /** The mean less one standard error, which is what has to reach the target. */
  readonly cautiousRecall: number
}

export type CalibrationResult =
  | {
      readonly model: string
      readonly calibrated: true
      readonly calibration: Calibration
      /**
       * Whether searches heed it from now on. False where a transaction that has written memories did not end within
       * seconds: then the model is as before, and it is worth calling again.
       */
      readonly kept: boolean
      /** What was tried, from the least effort up. */
      readonly points: readonly CalibrationPoint[]
    }
  | {
      readonly model: string
      readonly calibrated: false
      /** `no-index`: there is none, or it is invalid. `few-rows`: every row is compared as it is, and nothing is missed. */
      readonly reason: 'no-index' | 'few-rows'
    }

export interface CalibrateOptions {
  sample: number
  target: number
  k: number
  queries: readonly VectorInput[] | undefined
  onProgress: ((progress: { done: number; total: number }) => unknown) | undefined
  signal: AbortSignal | undefined
}

/** What is asked, of whom, and what the right answer is. */
interface Trial {
  readonly query: Buffer
  readonly userId: string | null
  /** The stored row that the query is made of, which must not find itself; empty for a query given. */
  readonly own: string
  readonly nearest: readonly Neighbour[]
}

const EFFORTS = [10, 20, 30, 40, 60, 80, 100, 140, 200, 280, 400, 560, 800, MAX_EF_SEARCH]

/** `fast` aims lower. */
const FAST_TARGET = 0.95

const keyOf = ({ userId, id }: { userId: string; id: string }) => `${id} ${userId}`

/** The database, of which this call is to see the memories of all users. */
type Database = Executor & Pick<Engine, 'kind'>

/** Means all users where that has to be said, which takes a transaction for each statement. */
async function seeingEveryone(engine: Engine): Promise<Database> {
  await assertSeesEveryone(engine)
  const [security] = await engine.run(selectRowSecurity)
  return { kind: engine.kind, run: security?.isActive ? everyone(engine).run : engine.run }
}

async function search(
  database: Database,
  model: EmbeddingModel,
  { query, userId, own }: Omit<Trial, 'nearest'>,
  { k, efSearch }: { k: number; efSearch: number | null },
): Promise<Neighbour[]> {
  const rows = await database.run(
    searchMemories({
      space: model,
      filter: undefined,
      query,
      userId,
      // One more, as the row that asks is among them.
      k: k + 1,
      exactUpTo: efSearch === null ? null : 0,
      efSearch: efSearch ?? MAX_EF_SEARCH,
    }),
  )
  return without(
    own,
    rows.map((row) => ({ key: keyOf(row), distance: row.distance })),
    k,
  )
}

async function drawSample(database: Database, modelId: number, size: number): Promise<SampleRow[]> {
  const drawn = await database.run(selectSample(modelId, size, { ofPages: true }))
  return drawn.length === size ? drawn : database.run(selectSample(modelId, size, { ofPages: false }))
}

/** Each question, made of two stored rows, is asked about everyone's memories, and about its own user's where those are so many that the index serves. */
async function questions(database: Database, model: EmbeddingModel, options: CalibrateOptions) {
  if (options.queries !== undefined) {
    return options.queries.map((vector, i) => ({
      query: encodeFor(model, vector, `queries[${i}]`),
      userId: null,
      own: '',
    }))
  }
  const large = new Map<string, boolean>()
  const asked: Omit<Trial, 'nearest'>[] = []
  const drawn = (await drawSample(database, model.id, options.sample)).map((row) => ({
    ...row,
    vector: decodeVector(row.embedding),
  }))
  for (const [i, row] of drawn.entries()) {
    const next = drawn[(i + 1) % drawn.length] as typeof row
    const question = { query: questionBetween(row.vector, next.vector), own: keyOf(row) }
    asked.push({ ...question, userId: null })
    let isLarge = large.get(row.userId)
    if (isLarge === undefined) {
      const compared = exactUpTo({ engine: database.kind, isOneUser: true, isFiltered: false })
      const [counted] = await database.run(countLiveVectors(model.id, row.userId, compared + 1))
      isLarge = (counted?.rows ?? 0) > compared
      large.set(row.userId, isLarge)
    }
    if (isLarge) asked.push({ ...question, userId: row.userId })
  }
  return asked
}

/** The worse of the two ways of asking: over all users, and over one. */
async function measure(
  database: Database,
  model: EmbeddingModel,
  trials: readonly Trial[],
  effort: { k: number; efSearch: number },
): Promise<Mean> {
  const recalls: { all: number[]; one: number[] } = { all: [], one: [] }
  for (const trial of trials) {
    const recall = recallAt(effort.k, trial.nearest, await search(database, model, trial, effort))
    if (recall !== null) recalls[trial.userId === null ? 'all' : 'one'].push(recall)
  }
  const means = [recalls.all, recalls.one].filter((values) => values.length > 0).map(meanOf)
  return means.reduce((worst, mean) => (mean.cautious < worst.cautious ? mean : worst))
}

function choose(points: readonly CalibrationPoint[], target: number): CalibratedEffort {
  const enough = points.find(({ cautiousRecall }) => cautiousRecall >= target)
  const { efSearch, recall } = enough ?? (points.at(-1) as CalibrationPoint)
  return { efSearch, recall }
}

/**
 * Finds the least hnsw.ef_search at which the model's index gives `target` of what a full comparison gives, and keeps it
 * with the model: for `high` the target, for `fast` 0.95 or the target where it is lower.
 */
export async function calibrateIndex(
  engine: Engine,
  current: CurrentModel,
  model: EmbeddingModel,
  options: CalibrateOptions,
): Promise<CalibrationResult> {
  const { k, target, onProgress, signal } = options
  if (model.indexKind === 'none' || !(await isIndexBuilt(engine, model, ['memories']))) {
    return { model: model.name, calibrated: false, reason: 'no-index' }
  }
  const database = await seeingEveryone(engine)
  const compared = exactUpTo({ engine: engine.kind, isOneUser: false, isFiltered: false })
  const [counted] = await database.run(countLiveVectors(model.id, null, compared + 1))
  if ((counted?.rows ?? 0) <= compared) return { model: model.name, calibrated: false, reason: 'few-rows' }

  const asked = await questions(database, model, options)
  const trials: Trial[] = []
  for (const question of asked) {
    signal?.throwIfAborted()
    trials.push({ ...question, nearest: await search(database, model, question, { k, efSearch: null }) })
    await onProgress?.({ done: trials.length, total: asked.length })
  }
  const points: CalibrationPoint[] = []
  for (const efSearch of new Set([k, ...EFFORTS.filter((effort) => effort > k)])) {
    signal?.throwIfAborted()
    const { mean, cautious } = await measure(database, model, trials, { k, efSearch })
    points.push({ efSearch, recall: mean, cautiousRecall: cautious })
    if (cautious >= target) break
  }
  const calibration: Calibration = {
    k,
    target,
    sample: trials.length,
    high: choose(points, target),
    fast: choose(points, Math.min(target, FAST_TARGET)),
    reached: (points.at(-1)?.cautiousRecall ?? 0) >= target,
    at: new Date().toISOString(),
  }
  const kept = await keepCalibration(engine, model.id, calibration, signal)
  await current.refresh().catch(() => {})
  return { model: model.name, calibrated: true, calibration, kept, points }
}
