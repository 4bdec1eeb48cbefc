import { exactTopK } from '@funes/corpus/exact'
import type { IndexKind } from '@funes/db'
import { createFunes, type Funes } from '@funes/db'
import { realVectors } from '../dataset/real-vectors.js'
import { rowId, rowIndex } from '../dataset/row.js'
import { callInTurn } from '../measure/closed-loop.js'
import { once } from '../measure/spread.js'
import type { Result } from '../result.js'
import { type Chart, result, type Scenario, type ScenarioContext } from '../run/context.js'
import { warmUp } from '../run/sessions.js'

const NAME = 'index-kinds'
const KINDS: readonly IndexKind[] = ['hnsw-halfvec', 'hnsw-vector', 'hnsw-bit', 'none']
const ACCURACIES = ['fast', 'high'] as const
const ADDED = 100

/** Vectors to store, vectors to ask with, and the exact answers. */
interface Material {
  readonly name: string
  readonly dimensions: number
  readonly rows: readonly Float32Array[]
  readonly queries: readonly Float32Array[]
}

function synthetic({ config, dataset }: ScenarioContext): Material {
  return {
    name: 'synthetic',
    dimensions: config.dimensions,
    rows: [...dataset.rows(0, config.rows)].map(({ vector }) => vector),
    queries: dataset.queries.map(({ vector }) => vector),
  }
}

async function real({ config, progress }: ScenarioContext): Promise<Material> {
  const wanted = config.rows + config.queries + ADDED
  const { vectors, dimensions } = await realVectors(wanted, (done, total) => {
    if (done % 2048 === 0) progress(`${NAME}: encoded ${done} of ${total} passages`)
  })
  // Every so many a question, so that questions are of all times and people.
  const step = Math.floor(vectors.length / config.queries)
  const queries = vectors.filter((_, i) => i % step === 0).slice(0, config.queries)
  const rows = vectors.filter((_, i) => i % step !== 0).slice(0, config.rows)
  return { name: 'real', dimensions, rows, queries }
}

const TIE = 1e-5

async function createJudge({ rows, queries, dimensions }: Material, k: number) {
  const vectors = new Float32Array(rows.length * dimensions)
  for (const [i, row] of rows.entries()) vectors.set(row, i * dimensions)
  const { distances } = await exactTopK({ vectors, dimensions, queries: [...queries], k, cacheDir: null })
  return (query: number, found: readonly { id: string; distance: number }[]) => {
    const limit = (distances[(query + 1) * k - 1] as number) + TIE
    return found.filter(({ id, distance }) => rowIndex(id) < rows.length && distance <= limit).length / k
  }
}

async function run(context: ScenarioContext): Promise<Result[]> {
  const funes = context.drivers.find(({ role }) => role === 'funes')
  if (funes === undefined) return []
  const results: Result[] = []
  for (const material of [synthetic(context), await real(context)]) {
    const judge = await createJudge(material, context.config.k)
    for (const kind of KINDS) {
      context.progress(`${NAME}: ${material.name}, ${material.dimensions} dimensions, ${kind}`)
      const database = await context.empty(funes)
      const pool = await database.openPool({ connections: 1 })
      try {
        const figures = await measureKind(context, { material, judge, kind, pool })
        for (const [effort, measured] of figures) {
          const { name: data, dimensions, rows } = material
          const point = { data, dimensions, rows: rows.length, kind, effort }
          results.push(result(NAME, funes, point, measured))
        }
      } finally {
        await database.closePool(pool)
        await database.drop()
      }
    }
  }
  return results
}

type Figures = Record<string, ReturnType<typeof once>>

async function measureKind(
  { config, engine }: ScenarioContext,
  options: {
    material: Material
    judge: Awaited<ReturnType<typeof createJudge>>
    kind: IndexKind
    pool: NonNullable<Parameters<typeof createFunes>[0]>['pool'] & object
  },
): Promise<[string, Figures][]> {
  const { material, judge, kind, pool } = options
  const { dimensions, rows, queries } = material
  const funes = await createFunes({ pool, model: kind })
  await funes.models.register({ name: kind, dimensions, indexKind: kind, buildIndex: false })
  const memory = (vector: Float32Array, i: number) => ({
    ...{ userId: `user-${i % 100}`, id: rowId(i), content: `memory ${i}` },
    embedding: vector,
  })
  await funes.memories.load(rows.map(memory))
  await pool.query('vacuum analyze memory_embeddings')
  const start = performance.now()
  if (kind !== 'none') await funes.indexes.build(kind)
  const buildSeconds = once((performance.now() - start) / 1000)
  const [index] = (await funes.indexes.list()).filter(({ model }) => model === kind)
  const built = { buildSeconds, indexMb: once((index?.bytes ?? 0) / 2 ** 20) }

  const figures: [string, Figures][] = []
  for (const accuracy of ACCURACIES) {
    figures.push([accuracy, { ...built, ...(await measureSearch(funes, accuracy)) }])
  }
  const calibrated = await funes.indexes.calibrate({ sample: engine === 'server' ? 200 : 100, k: config.k })
  if (calibrated.calibrated) {
    for (const accuracy of ACCURACIES) {
      const efSearch = once(calibrated.calibration[accuracy].efSearch)
      figures.push([
        `${accuracy}, calibrated`,
        { ...built, efSearch, ...(await measureSearch(funes, accuracy)) },
      ])
    }
  }
  const adds = await callInTurn(ADDED, (i) =>
    funes.memories.add(memory(queries[i % queries.length] as Float32Array, rows.length + i)),
  )
  const addP50Ms = once(adds.latencies.ms(50))
  await funes.close()
  return figures.map(([effort, measured]) => [effort, { ...measured, addP50Ms }])

  async function measureSearch(through: Funes, accuracy: (typeof ACCURACIES)[number]): Promise<Figures> {
    const recalls: number[] = []
    const search = async (i: number) => {
      const query = i % queries.length
      const embedding = queries[query] as Float32Array
      const hits = await through.memories.search({ scope: 'all-users', embedding, k: config.k, accuracy })
      recalls.push(
        judge(
          query,
          hits.map(({ memory: { id }, distance }) => ({ id, distance: distance as number })),
        ),
      )
    }
    await warmUp(search)
    recalls.length = 0
    const loop = await callInTurn(config.queries, search)
    return {
      recall: once(recalls.reduce((sum, one) => sum + one, 0) / recalls.length),
      p50Ms: once(loop.latencies.ms(50)),
      p95Ms: once(loop.latencies.ms(95)),
    }
  }
}

export const scenario: Scenario = {
  name: NAME,
  order: 9.5,
  isOptional: true,
  title: 'Kinds of vector index',
  about:
    'What each kind costs to build, to keep and to add to, and what its searches find, before and after calibration; on synthetic vectors and on real sentence embeddings (512 dimensions, passages of the State of the Union addresses).',
  run,
  charts: (results): Chart[] =>
    ['synthetic', 'real'].map((data) => ({
      kind: 'lines',
      title: `Recall against latency, ${data} vectors`,
      x: { label: 'search p50 (ms)', log: true },
      y: { label: 'recall@10' },
      dots: results
        .filter(({ point }) => point.data === data)
        .map(({ point, figures }) => ({
          series: String(point.kind),
          x: figures.p50Ms?.median ?? 0,
          y: figures.recall?.median ?? 0,
          label: String(point.effort),
        }))
        .sort((a, b) => a.x - b.x),
    })),
}
