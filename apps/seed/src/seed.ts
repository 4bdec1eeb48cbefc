import { createFunes, type EmbeddingModel, type Funes } from '@funes/db'
import type { Arguments } from './arguments.js'
import { clean } from './clean.js'
import { type Database, useUntilAborted } from './database.js'
import type { Dataset } from './datasets/dataset.js'
import { buildAllIndexes, dropIndexes } from './load/indexes.js'
import { loadRows } from './load/load-rows.js'
import {
  createRunTable,
  finishRun,
  noteModel,
  openRun,
  type Run,
  readPending,
  readRun,
  runName,
} from './load/runs.js'
import { createStore } from './load/store.js'
import { duration, whole } from './screen/figures.js'
import { watchIndexBuilds } from './screen/index-progress.js'
import { createProgress, type Output } from './screen/progress.js'
import { seedError } from './seed-error.js'
import { type Report, validate } from './validate/validate.js'

export interface SeedOptions {
  args: Pick<Arguments, 'mode' | 'model'>
  database: Database
  dataset: Dataset
  output: Output
  signal: AbortSignal
  /** Where exact answers are kept; null keeps none. */
  exactDir: string | null
  /** Rows a transaction; 5,000 by COPY and 1,000 by insert unless given. */
  batchSize?: number
}

const BATCH = { copy: 5000, insert: 1000 } as const

/** The run, and the model that it stores under: registered where it is missing, which is written down before. */
async function begin(
  { args, database, dataset }: SeedOptions,
  funes: Funes,
): Promise<{ model: EmbeddingModel; begun: Run }> {
  const { dimensions } = dataset
  const name = args.model ?? dataset.model
  // Registering again would build an index that a stopped run has dropped, before its rows are there.
  const existing = await funes.models.get(name)
  if (existing !== null && existing.dimensions !== dimensions) {
    throw seedError(
      `The model ${JSON.stringify(name)} has ${existing.dimensions} dimensions, the data set ${dimensions}.`,
      'Name another one with --model.',
    )
  }
  const begun = await database.use(async (client) => {
    await createRunTable(client)
    const run = await openRun(client, runName(dataset, args.model), dataset.identity)
    if (existing === null) await noteModel(client, run.name, name)
    return run
  })
  return { begun, model: existing ?? (await funes.models.register({ name, dimensions })) }
}

/** Rows of somebody else under the same model would be found by searches, and the exact answers would not know them. */
async function refuseStrangers({ pool }: Database, model: EmbeddingModel, run: Run): Promise<void> {
  const { rows } = await pool.query(
    `select from memory_embeddings e join users u on u.id = e.user_id
     where e.model_id = $1 and u.metadata ->> 'seed' is distinct from $2 limit 1`,
    [model.id, run.name],
  )
  if (rows.length === 0) return
  throw seedError(
    `The model ${JSON.stringify(model.name)} has memories that are not of this data set.`,
    'Use an empty database or another --model, or --clean to remove what earlier seeds stored.',
  )
}

/** Bytes of the graph: the vector in full, its neighbours and what holds them together, and some room. */
const graphBytes = (rows: number, dimensions: number) => 1.3 * rows * (4 * dimensions + 400)

async function load(options: SeedOptions, funes: Funes, model: EmbeddingModel, begun: Run): Promise<void> {
  const { args, database, dataset, output, signal } = options
  const { name } = begun
  if (args.mode === 'copy' && begun.stored === 0 && begun.pendingIndexes.length === 0) {
    await database.use((client) => dropIndexes(client, name, model))
  }
  const progress = createProgress(output, {
    label: 'stored',
    unit: 'memories',
    total: dataset.memories,
    from: begun.stored,
  })
  const begin = performance.now()
  try {
    await loadRows(dataset, createStore(args.mode, { funes, run: name }), {
      from: begun.stored,
      batchSize: options.batchSize ?? BATCH[args.mode],
      signal,
      onProgress: progress.update,
      onFailure: (first, last) => {
        if (dataset.origin === undefined || signal.aborted) return
        output.write(`failed between ${dataset.origin(first)} and ${dataset.origin(last)}\n`)
      },
    })
  } finally {
    progress.end()
  }
  const ms = performance.now() - begin
  const rows = dataset.memories - begun.stored
  if (rows > 0) {
    output.write(
      `stored ${whole(rows)} in ${duration(ms)}: ${whole((1000 * rows) / ms)} memories/s (${args.mode})\n`,
    )
  }
}

async function index({ database, dataset, output, signal }: SeedOptions): Promise<void> {
  const pending = (await readPending(database.pool)).flatMap(({ definitions }) => definitions)
  if (pending.length === 0) return
  let current = ''
  const begin = performance.now()
  const stopWatching =
    database.engine === 'server' ? watchIndexBuilds(database.pool, output, () => current) : () => {}
  try {
    await useUntilAborted(database, signal, (client) =>
      buildAllIndexes(client, {
        workBytes: graphBytes(dataset.memories, dataset.dimensions),
        workers: 1,
        onStart: (name) => {
          signal.throwIfAborted()
          current = name
        },
      }),
    )
  } finally {
    stopWatching()
  }
  output.write(
    `built ${pending.length} ${pending.length === 1 ? 'index' : 'indexes'} in ${duration(performance.now() - begin)}\n`,
  )
}

async function sayWhatIsDropped({ database, output }: SeedOptions): Promise<void> {
  const pending = await readPending(database.pool).catch(() => undefined)
  if (pending?.length === 0) return
  output.write('Indexes are dropped until the same command has come to its end, or until --clean.\n')
}

/**
 * Stores the data set, from where an earlier run of the same left off, builds the indexes and holds the result
 * against the exact answers.
 *
 * @throws what `signal` was aborted with; `SEED.REFUSED`; errors of the database
 */
export async function seed(options: SeedOptions): Promise<Report> {
  const { args, database, dataset, output, signal } = options
  await using funes = await createFunes({ pool: database.pool, model: args.model ?? dataset.model })
  await funes.migrate()
  const { model, begun } = await begin(options, funes)
  const { name } = begun
  await refuseStrangers(database, model, begun)
  output.write(`${dataset.title}\n`)
  if (begun.stored > 0) output.write(`${whole(begun.stored)} are stored already\n`)
  try {
    try {
      if (begun.stored < dataset.memories) await load(options, funes, model, begun)
    } catch (error) {
      // One that was stopped is expected to go on; what failed leaves the database as it was found.
      if (!signal.aborted) await index(options).catch(() => undefined)
      throw error
    }
    await index(options)
  } catch (error) {
    await sayWhatIsDropped(options)
    throw error
  }
  if (!begun.finished) {
    await database.use(async (client) => {
      // Sets the visibility map too, without which counts leave the indexes for the tables.
      for (const table of ['users', 'sessions', 'memories', 'memory_embeddings']) {
        await client.query(`vacuum (analyze) ${table}`)
      }
      await finishRun(client, name)
    })
  }
  const run = await database.use((client) => readRun(client, name))
  output.write('checking against exact answers\n')
  const { pool } = database
  // Awaited here: leaving the function closes Funes.
  return await validate({ pool, funes, dataset, run, model, cacheDir: options.exactDir, signal })
}

/**
 * Removes what seeds stored; of a database that was never seeded nothing.
 *
 * @throws what `signal` was aborted with; errors of the database
 */
export async function unseed(database: Database, output: Output, signal: AbortSignal): Promise<void> {
  const removed = await useUntilAborted(database, signal, async (client) => {
    const { rows } = await client.query("select to_regclass('funes_seed.runs') is not null as seeded")
    return rows[0].seeded ? clean(client, signal) : 0
  })
  output.write(`removed ${whole(removed)} memories of earlier seeds\n`)
}
