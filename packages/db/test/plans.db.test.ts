import { beforeAll, expect, it } from 'vitest'
import type { EmbeddingModel } from '../src/index.js'
import { searchMemories } from '../src/sql/memory-search.js'
import { compile } from '../src/sql/statement.js'
import { encodeVector } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 16
const ROWS = 3000

interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Actual Loops': number
  Plans?: PlanNode[]
}

function nodes(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)]
}

onEveryEngine('search plans', (db) => {
  let model: EmbeddingModel
  const next = random(3)

  beforeAll(async () => {
    const { funes, pool, open } = db()
    model = await funes.models.register({ name: 'small', dimensions: DIMENSIONS })
    const small = await open({ model: 'small' })
    const memories = Array.from({ length: ROWS }, (_, i) => ({
      userId: i % 3 === 0 ? 'minor' : 'major',
      content: `m${i}`,
      embedding: randomVector(next, DIMENSIONS),
    }))
    await small.memories.addMany(memories, { batchSize: 1000 })
    await pool.query('analyze')
  })

  /** The executed parts of a search's plan, as prepared statement after `times` runs. */
  async function executed(userId: string | null, exactUpTo: number | null, times = 1): Promise<PlanNode[]> {
    const search = {
      space: model,
      query: encodeVector(randomVector(next, DIMENSIONS), DIMENSIONS),
      userId,
      filter: undefined,
      k: 10,
      exactUpTo,
      efSearch: 100,
    }
    const sql = compile(searchMemories(search))
    const client = await db().pool.connect()
    try {
      const name = `plan_${userId}_${exactUpTo}_${times}`
      for (let i = 1; i < times; i++) await client.query({ name, text: sql.text, values: sql.values })
      const explain = {
        name: `${name}_explain`,
        text: `explain (analyze, format json) ${sql.text}`,
        values: sql.values,
      }
      if (times > 1) await client.query("set plan_cache_mode = 'force_generic_plan'")
      const { rows } = await client.query(explain)
      return nodes(rows[0]['QUERY PLAN'][0].Plan).filter((node) => node['Actual Loops'] > 0)
    } finally {
      await client.query('reset plan_cache_mode')
      client.release()
    }
  }

  const usesVectorIndex = (plan: PlanNode[]) =>
    plan.some((node) => node['Index Name'] === `memory_embeddings_hnsw_m${model.id}`)

  it('uses the vector index for many candidates, also under a generic plan', async () => {
    expect(usesVectorIndex(await executed(null, 100))).toBe(true)
    expect(usesVectorIndex(await executed('major', 100))).toBe(true)
    expect(usesVectorIndex(await executed('major', 100, 10))).toBe(true)
    expect(usesVectorIndex(await executed(null, 100, 10))).toBe(true)
  })

  it('compares few candidates one by one, and does not touch the vector index', async () => {
    expect(usesVectorIndex(await executed('minor', 4000))).toBe(false)
    expect(usesVectorIndex(await executed('minor', 4000, 10))).toBe(false)
    expect(usesVectorIndex(await executed('major', null))).toBe(false)
  })
})
