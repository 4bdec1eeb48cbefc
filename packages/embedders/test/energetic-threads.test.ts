// The package by its own name: worker threads need the built file beside them.
import { fromEnergetic } from '@funes/embedders/energetic'
import { afterAll, describe, expect, it } from 'vitest'

const texts = Array.from(
  { length: 12 },
  (_, i) => `Sentence number ${i} is about ${['peace', 'trade', 'corn'][i % 3]}.`,
)
const inThread = fromEnergetic()
const threaded = fromEnergetic({ threads: 2 })
afterAll(() => Promise.all([inThread.close(), threaded.close()]))

describe('worker threads', () => {
  it('give the same vectors, in the same order, as the calling thread', async () => {
    expect(await threaded.embed(texts)).toEqual(await inThread.embed(texts))
  })

  it('serve calls side by side', async () => {
    const [a, b] = await Promise.all([threaded.embed(texts.slice(0, 5)), threaded.embed(texts.slice(5))])
    expect([...a, ...b]).toEqual(await inThread.embed(texts))
  })

  it('give up what is under way when closed', async () => {
    const embedder = fromEnergetic({ threads: 1 })
    const running = embedder.embed(new Array(200).fill('One of very many sentences.'))
    const outcome = expect(running).rejects.toMatchObject({ code: 'EMBEDDER.CLOSED' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await embedder.close()
    await outcome
  })
})
