import { expect, it } from 'vitest'
import { type Embedder, isFunesError } from '../src/index.js'
import { onEveryEngine } from './engines.js'

/** Letters counted: a real, if simple, embedding of text. */
const letters: Embedder = {
  model: 'letters',
  dimensions: 26,
  embed: async (texts) =>
    texts.map((text) => {
      const vector = new Float32Array(26)
      for (const char of text.toLowerCase()) {
        const i = char.charCodeAt(0) - 97
        if (i >= 0 && i < 26) vector[i] = (vector[i] ?? 0) + 1
      }
      return vector
    }),
}

onEveryEngine(
  'embedder',
  (db) => {
    it('makes vectors of what is added and of what is asked', async () => {
      const { funes } = db()
      await funes.memories.addMany(
        ['zebra', 'lemon', 'melon soup'].map((content) => ({ userId: 'u', content })),
      )
      const hits = await funes.memories.search({ userId: 'u', text: 'melon', k: 2, mode: 'vector' })
      expect(hits.map((h) => h.memory.content)).toEqual(['lemon', 'melon soup'])
    })

    it('makes a new vector of changed text', async () => {
      const { funes } = db()
      const { id } = await funes.memories.add({ userId: 'v', content: 'aaa' })
      await funes.memories.update({ userId: 'v', id, content: 'zzz' })
      const [hit] = await funes.memories.search({ userId: 'v', text: 'z', mode: 'vector' })
      expect(hit?.distance).toBeCloseTo(0, 5)
    })

    it('is held to its word', async () => {
      const { open, funes } = db()
      const broken: readonly (readonly [Embedder['embed'], string])[] = [
        [async () => [], 'EMBEDDING.FAILED'],
        [
          async () => {
            throw new Error('no GPU')
          },
          'EMBEDDING.FAILED',
        ],
        [async () => [new Float32Array(25)], 'EMBEDDING.DIMENSION_MISMATCH'],
        [async () => [new Float32Array(26)], 'EMBEDDING.ZERO'],
      ]
      for (const [embed, code] of broken) {
        const other = await open({ embedder: { ...letters, embed } })
        await expect(other.memories.add({ userId: 'w', content: 'x' })).rejects.toMatchObject({ code })
      }
      expect(await funes.memories.count({ userId: 'w' })).toBe(0)
    })

    it('meets a model of the same name and other dimensions with an error', async () => {
      const funes = await db().open({ embedder: { ...letters, dimensions: 27 } })
      await expect(funes.migrate()).rejects.toSatisfy((e) => isFunesError(e, 'MODEL.CONFLICT'))
    })
  },
  { embedder: letters },
)
