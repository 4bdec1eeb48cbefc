import { afterAll, describe, expect, it } from 'vitest'
import { fromEnergetic } from '../src/energetic/index.js'

const embedder = fromEnergetic()
afterAll(() => embedder.close())

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)
}

async function vectorOf(text: string): Promise<Float32Array> {
  const [vector] = await embedder.embed([text])
  return vector as Float32Array
}

describe('fromEnergetic', () => {
  it('gives unit vectors of the announced dimension', async () => {
    for (const vector of await embedder.embed(['We choose to go to the moon.', 'x', 'naïve café, 日本'])) {
      expect(vector).toBeInstanceOf(Float32Array)
      expect(vector).toHaveLength(embedder.dimensions)
      expect(dot(vector, vector)).toBeCloseTo(1, 5)
    }
  })

  it('gives the same bits for a text, whatever stands beside it', async () => {
    const text = 'The harvest of this year was abundant.'
    const alone = await vectorOf(text)
    const [, beside] = await embedder.embed(['A much longer sentence about something else altogether.', text])
    expect(beside).toEqual(alone)
  })

  it('puts a paraphrase nearer than a text on another subject', async () => {
    const question = await vectorOf('How can poor people find a doctor they can pay for?')
    const paraphrase = await vectorOf('Families without money need affordable medical care.')
    const other = await vectorOf('The fleet sailed around the world and returned in February.')
    expect(dot(question, paraphrase)).toBeGreaterThan(dot(question, other) + 0.2)
  })

  it('cuts a text at 2,000 characters', async () => {
    const words = 'all work and no play '.repeat(200)
    expect(await vectorOf(words)).toEqual(await vectorOf(words.slice(0, 2000)))
  })

  it('refuses a text of white space, before any is encoded', async () => {
    await expect(embedder.embed(['fine', ' \n'])).rejects.toMatchObject({ code: 'EMBEDDER.TEXT_EMPTY' })
  })

  it('stops between two texts when told to', async () => {
    const controller = new AbortController()
    const running = embedder.embed(new Array(500).fill('One of very many sentences.'), {
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(), 50)
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('is of no use after close', async () => {
    const short = fromEnergetic()
    await short.close()
    await expect(short.embed(['late'])).rejects.toMatchObject({ code: 'EMBEDDER.CLOSED' })
  })

  it('refuses a number of threads that is none', () => {
    expect(() => fromEnergetic({ threads: -1 })).toThrow(
      expect.objectContaining({ code: 'EMBEDDER.CONFIG_INVALID' }),
    )
  })
})
