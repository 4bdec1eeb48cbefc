import type { EmbeddingModel } from 'ai'
import { describe, expect, it } from 'vitest'
import { fromAiSdk } from '../src/ai-sdk.js'

/** A whole embedding model after the provider specification: counts of the letters a, b and c. */
function letterCounter(dimensions = 3): EmbeddingModel & { calls: number } {
  return {
    specificationVersion: 'v4',
    provider: 'local',
    modelId: 'letters',
    maxEmbeddingsPerCall: 2,
    supportsParallelCalls: true,
    calls: 0,
    async doEmbed({ values, abortSignal }) {
      abortSignal?.throwIfAborted()
      this.calls++
      const count = (text: string, letter: string) => text.split(letter).length - 1
      return {
        embeddings: values.map((text) =>
          ['a', 'b', 'c'].slice(0, dimensions).map((letter) => count(text, letter)),
        ),
        usage: { tokens: values.length },
        warnings: [],
      }
    },
  }
}

describe('fromAiSdk', () => {
  it('embeds more texts than the model takes at once, in order', async () => {
    const model = letterCounter()
    const embedder = fromAiSdk({ model, dimensions: 3 })
    const vectors = await embedder.embed(['aab', 'c', 'bbb', '', 'abc'])
    expect(vectors.map((vector) => [...vector])).toEqual([
      [2, 1, 0],
      [0, 0, 1],
      [0, 3, 0],
      [0, 0, 0],
      [1, 1, 1],
    ])
    expect(vectors[0]).toBeInstanceOf(Float32Array)
    expect(model.calls).toBe(3)
  })

  it('is named for provider and model unless told otherwise', () => {
    expect(fromAiSdk({ model: letterCounter(), dimensions: 3 }).model).toBe('local/letters')
    expect(fromAiSdk({ model: letterCounter(), dimensions: 3, name: 'mine' }).model).toBe('mine')
    expect(fromAiSdk({ model: 'openai/text-embedding-3-small', dimensions: 1536 }).model).toBe(
      'openai/text-embedding-3-small',
    )
  })

  it('refuses vectors of another dimension than announced', async () => {
    const embedder = fromAiSdk({ model: letterCounter(2), dimensions: 3 })
    await expect(embedder.embed(['abc'])).rejects.toMatchObject({ code: 'EMBEDDER.OUTPUT_INVALID' })
  })

  it('hands the signal on to the model', async () => {
    const embedder = fromAiSdk({ model: letterCounter(), dimensions: 3, settings: { maxRetries: 0 } })
    await expect(embedder.embed(['abc'], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('asks nothing of the model for no texts', async () => {
    const model = letterCounter()
    expect(await fromAiSdk({ model, dimensions: 3 }).embed([])).toEqual([])
    expect(model.calls).toBe(0)
  })
})
