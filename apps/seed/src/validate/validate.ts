import type { EmbeddingModel, Funes } from '@funes/db'
import type pg from 'pg'
import type { Dataset } from '../datasets/dataset.js'
import type { Run } from '../load/runs.js'
import type { Check } from './check.js'
import { checkCounts } from './counts.js'
import { checkIndexes, describeSizes } from './indexes.js'
import { makeQueries } from './queries.js'
import { checkSample, sampleRows } from './sample.js'
import { type Answers, createSurveyor, judge, runSearches, type Searches } from './searches.js'
import { createTruthSeeker } from './truth.js'
import { chooseUsers } from './users.js'

export interface Report {
  readonly checks: readonly Check[]
  readonly sizes: readonly string[]
}

export interface ValidateOptions {
  pool: pg.Pool
  funes: Funes
  dataset: Dataset
  run: Run
  model: EmbeddingModel
  /** Where exact answers are kept. */
  cacheDir: string | null
  signal: AbortSignal
}

const K = 10
const QUERIES = 100
/** Searches in one user's memories: few where all of them are compared anyway, and the recall is 1 or something is wrong. */
const QUERIES_OF_USER = { few: 20, many: 100 }
/** More than are compared one by one on any engine. */
const MANY_MEMORIES = 3000
const SAMPLE = 200

/** Makes the rows a second time, works out the exact answers, and holds the database against both. */
export async function validate(options: ValidateOptions): Promise<Report> {
  const { pool, funes, dataset, run, model, cacheDir, signal } = options
  const sampled = await sampleRows(dataset, SAMPLE, signal)
  const queries = makeQueries(dataset, QUERIES, sampled)
  const users = await chooseUsers(pool, run.name)

  const asked: Searches[] = [
    { name: `all users, ${queries.origin}`, queries: queries.vectors, k: K },
    ...users.map(({ id, memories }) => ({
      name: `one user of ${memories} memor${memories === 1 ? 'y' : 'ies'}`,
      queries: queries.vectors.slice(
        0,
        memories > MANY_MEMORIES ? QUERIES_OF_USER.many : QUERIES_OF_USER.few,
      ),
      k: K,
      userId: id,
    })),
  ]
  const answered: Answers[] = []
  for (const searches of asked) answered.push(await runSearches(funes, searches, signal))

  const surveyor = createSurveyor(answered, model.metric)
  const seekers = asked.map((searches) => ({
    userId: searches.userId,
    seeker: createTruthSeeker(searches.queries, dataset.dimensions, K, { metric: model.metric, cacheDir }),
  }))
  for await (const row of dataset.rows(0, signal)) {
    signal.throwIfAborted()
    surveyor.offer(row)
    for (const { userId, seeker } of seekers) {
      if (userId === undefined || userId === row.userId) await seeker.offer(row)
    }
  }

  const checks = [
    ...(await checkCounts(pool, dataset, run, model)),
    ...(await checkIndexes(pool, model)),
    await checkSample(pool, model.id, sampled),
  ]
  for (const [i, answers] of answered.entries()) {
    const truth = await (seekers[i] as (typeof seekers)[number]).seeker.finish()
    checks.push(judge(answers, truth, surveyor))
  }
  return { checks, sizes: await describeSizes(pool, model) }
}
