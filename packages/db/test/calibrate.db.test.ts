import { beforeAll, expect, it } from 'vitest'
import type { Funes, IndexKind } from '../src/index.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

const DIMENSIONS = 16
const ROWS = 5000

/**
 * Vectors around few centres, as texts on few subjects are: the same centres, however many are made. They lie wide enough for the
 * clusters to touch: an index over islands is drawn well or badly by luck, and no effort finds what its graph has lost.
 */
function clustered(next: () => number, rows: number): Float32Array[] {
  const fixed = random(1)
  const centres = Array.from({ length: 20 }, () => randomVector(fixed, DIMENSIONS))
  return Array.from({ length: rows }, () => {
    const noise = randomVector(next, DIMENSIONS)
    const centre = centres[Math.floor(next() * centres.length)] as Float32Array
    return centre.map((x, d) => x + 0.9 * (noise[d] as number))
  })
}

onEveryEngine('calibration', (db) => {
  const next = random(11)
  const vectors = clustered(next, ROWS)

  async function filled(name: string, indexKind: IndexKind): Promise<Funes> {
    const funes = await db().open({ model: name })
    await funes.models.register({ name, dimensions: DIMENSIONS, indexKind, buildIndex: false })
    await funes.memories.addMany(
      vectors.map((embedding, i) => ({
        userId: i % 10 === 0 ? `${name}-minor` : name,
        content: `m${i}`,
        embedding,
      })),
      { batchSize: 1000 },
    )
    await funes.indexes.build(name)
    return funes
  }

  let funes: Funes
  beforeAll(async () => {
    funes = await filled('dense', 'hnsw-vector')
    await db().pool.query('analyze')
  })

  it('finds the least effort that reaches the target, and searches heed it', async () => {
    const steps: number[] = []
    const result = await funes.indexes.calibrate({ sample: 40, onProgress: ({ done }) => steps.push(done) })
    if (!result.calibrated) throw new Error(result.reason)
    const { calibration, points } = result
    expect(calibration).toMatchObject({ k: 10, target: 0.98, reached: true })
    expect(calibration.high.recall).toBeGreaterThanOrEqual(0.98)
    expect(calibration.fast.efSearch).toBeLessThanOrEqual(calibration.high.efSearch)
    expect(points.at(-1)?.efSearch).toBe(calibration.high.efSearch)
    expect(points.slice(0, -1).every(({ cautiousRecall }) => cautiousRecall < 0.98)).toBe(true)
    // Asked of all users, and of the one that is large, where the engine has the index serve so many.
    expect(calibration.sample).toBeGreaterThan(db().engine === 'embedded' ? 60 : 39)
    expect(steps.at(-1)).toBe(calibration.sample)
    expect((await funes.models.get('dense'))?.calibration).toEqual(calibration)

    let hits = 0
    for (let i = 0; i < 40; i++) {
      const search = { scope: 'all-users', embedding: clustered(next, 1)[0] as Float32Array } as const
      const exact = await funes.memories.search({ ...search, accuracy: 'exact' })
      const wanted = new Set(exact.map(({ memory }) => memory.id))
      hits += (await funes.memories.search(search)).filter(({ memory }) => wanted.has(memory.id)).length
    }
    expect(hits / 400).toBeGreaterThan(0.95)
    // The same, an hour later or in another process: what was found is kept.
    const other = await db().open({ model: 'dense' })
    const explained = await other.memories.search({
      scope: 'all-users',
      embedding: vectors[0] as Float32Array,
      mode: 'vector',
      explain: true,
    })
    expect(JSON.stringify(explained.explanation)).toContain(String(Math.max(calibration.high.efSearch, 20)))
  })

  it('never asks for fewer rows than there are to find', async () => {
    const result = await funes.indexes.calibrate({ sample: 10, k: 50, target: 0.6 })
    if (!result.calibrated) throw new Error(result.reason)
    expect(result.calibration.high.efSearch).toBeGreaterThanOrEqual(50)
    expect(result.calibration.k).toBe(50)
    expect(
      await funes.memories.search({ userId: 'dense', embedding: vectors[0] as Float32Array, k: 200 }),
    ).toHaveLength(200)
  })

  it('takes questions of the caller in place of stored rows', async () => {
    const queries = clustered(next, 12)
    const result = await funes.indexes.calibrate({ queries })
    expect(result).toMatchObject({ calibrated: true, calibration: { sample: 12 } })
    await expect(funes.indexes.calibrate({ queries: [new Float32Array(3)] })).rejects.toMatchObject({
      code: 'EMBEDDING.DIMENSION_MISMATCH',
    })
  })

  it('finds how many rows of a bit index are to be compared again', async () => {
    const bits = await filled('bits', 'hnsw-bit')
    const result = await bits.indexes.calibrate({ sample: 20, target: 0.9 })
    if (!result.calibrated) throw new Error(result.reason)
    // Sixteen bits tell little apart: it takes far more rows than a vector index would.
    expect(result.calibration.high.efSearch).toBeGreaterThan(40)
    expect(result.calibration.reached).toBe((result.points.at(-1)?.cautiousRecall as number) >= 0.9)
  })

  it('says where there is nothing to calibrate', async () => {
    const { open } = db()
    const few = await open({ model: 'few' })
    await few.models.register({ name: 'few', dimensions: 4 })
    await few.memories.add({ userId: 'few', content: 'one', embedding: [1, 2, 3, 4] })
    expect(await few.indexes.calibrate()).toEqual({ model: 'few', calibrated: false, reason: 'few-rows' })
    await few.models.register({ name: 'none', dimensions: 4, indexKind: 'none' })
    expect(await few.indexes.calibrate({ model: 'none' })).toEqual({
      model: 'none',
      calibrated: false,
      reason: 'no-index',
    })
    expect((await few.models.get('few'))?.calibration).toBeNull()
  })
})
