import { describe, expect, it } from 'vitest'
import { type FeatureExtractor, fromTransformers } from '../src/transformers.js'

/** A pipeline that notes what it was asked and answers with (length of the text, 1). */
function recordingPipeline() {
  const asked: { texts: string[]; options: unknown }[] = []
  const extract: FeatureExtractor = async (texts, options) => {
    asked.push({ texts, options })
    return { dims: [texts.length, 2], data: texts.flatMap((text) => [text.length, 1]) }
  }
  return { asked, extract }
}

describe('fromTransformers', () => {
  it('asks for pooled unit vectors, a batch at a time, and keeps the order', async () => {
    const { asked, extract } = recordingPipeline()
    const embedder = fromTransformers({ dimensions: 2, batchSize: 2, createPipeline: async () => extract })
    const vectors = await embedder.embed(['a', 'bb', 'ccc'])
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ])
    expect(asked).toEqual([
      { texts: ['a', 'bb'], options: { pooling: 'mean', normalize: true } },
      { texts: ['ccc'], options: { pooling: 'mean', normalize: true } },
    ])
  })

  it('is all-MiniLM-L6-v2 with 384 dimensions unless told otherwise', () => {
    expect(fromTransformers()).toMatchObject({ model: 'Xenova/all-MiniLM-L6-v2', dimensions: 384 })
  })

  it('loads the pipeline once, and again only after a failed load', async () => {
    const { extract } = recordingPipeline()
    let loads = 0
    const embedder = fromTransformers({
      dimensions: 2,
      createPipeline: async () => {
        loads++
        if (loads === 1) throw new Error('no network')
        return extract
      },
    })
    await expect(embedder.embed(['a'])).rejects.toThrow('no network')
    await embedder.embed(['a'])
    await embedder.embed(['b'])
    expect(loads).toBe(2)
  })

  it('refuses vectors of another dimension, and tensors that are not pooled', async () => {
    const { extract } = recordingPipeline()
    const wrong = fromTransformers({ dimensions: 384, createPipeline: async () => extract })
    await expect(wrong.embed(['a'])).rejects.toMatchObject({ code: 'EMBEDDER.OUTPUT_INVALID' })
    const unpooled = fromTransformers({
      dimensions: 2,
      createPipeline: async () => async () => ({ dims: [1, 3, 2], data: [1, 2, 3, 4, 5, 6] }),
    })
    await expect(unpooled.embed(['a'])).rejects.toMatchObject({ code: 'EMBEDDER.OUTPUT_INVALID' })
  })
})
