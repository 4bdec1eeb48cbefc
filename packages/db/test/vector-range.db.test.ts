import { expect, it } from 'vitest'
import { encodeFor } from '../src/vector.js'
import { onEveryEngine } from './engines.js'
import { random, randomVector } from './vectors.js'

onEveryEngine('vectors that an index of half precision cannot hold', (db) => {
  async function opened(
    metric: 'cosine' | 'l2' | 'inner-product',
    indexKind: 'hnsw-vector' | 'hnsw-halfvec',
  ) {
    const name = `${metric}-${indexKind}`
    const funes = await db().open({ model: name })
    await funes.models.register({ name, dimensions: 8, metric, indexKind })
    return funes
  }
  const outOfRange = { code: 'EMBEDDING.OUT_OF_RANGE' }

  it('are refused where they are stored, changed and asked with, and nothing is written', async () => {
    const large = new Float32Array(8).fill(70_000)
    for (const metric of ['cosine', 'l2', 'inner-product'] as const) {
      const funes = await opened(metric, 'hnsw-halfvec')
      const userId = metric
      const good = { userId, content: 'good', embedding: new Float32Array(8).fill(65_504) }
      const { id } = await funes.memories.add(good)
      for (const call of [
        () => funes.memories.add({ userId, content: 'large', embedding: large }),
        () => funes.memories.addMany([{ userId, content: 'large', embedding: large }]),
        () => funes.memories.update({ userId, id, content: 'large', embedding: large }),
        () => funes.memories.search({ userId, embedding: large }),
        () => funes.memories.searchMany([{ userId, embedding: large }]),
      ])
        await expect(call()).rejects.toMatchObject(outOfRange)
      expect(await funes.memories.count({ userId })).toBe(1)
      expect(await funes.memories.search({ userId, embedding: good.embedding })).toHaveLength(1)
      const full = await opened(metric, 'hnsw-vector')
      await full.memories.add({ userId: `${userId}-full`, content: 'large', embedding: large })
    }
  })

  it('are refused under the cosine metric when all of their components would vanish', async () => {
    const next = random(5)
    const tiny = (scale: number) => randomVector(next, 8).map((x) => x * scale)
    const funes = await opened('cosine', 'hnsw-halfvec')
    await expect(
      funes.memories.add({ userId: 'tiny', content: 'tiny', embedding: tiny(1e-9) }),
    ).rejects.toMatchObject(outOfRange)
    const full = await opened('cosine', 'hnsw-vector')
    const embedding = tiny(1e-9)
    await full.memories.add({ userId: 'tiny', content: 'tiny', embedding })
    expect((await full.memories.search({ userId: 'tiny', embedding }))[0]?.distance).toBeCloseTo(0, 5)
    const model = { dimensions: 2, metric: 'cosine', indexKind: 'hnsw-halfvec' } as const
    expect(encodeFor(model, [0, -1e-4])).toHaveLength(12)
    expect(() => encodeFor(model, [0, 0.9e-4])).toThrow(/too small/)
    expect(encodeFor({ ...model, metric: 'l2' }, [0, 0.9e-4])).toHaveLength(12)
  })
})
