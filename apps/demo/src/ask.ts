import type { Funes, MemoryHit } from '@funes/db'
import type { Encoder } from './encoder.js'
import type { Question } from './scene.js'

export interface Answer {
  readonly question: Question
  readonly hits: readonly MemoryHit[]
  /** Making the question's vector; null when the cache had it. */
  readonly embedMs: number | null
  /** Whether making it began with loading the encoder. */
  readonly isEncoderNew: boolean
  readonly searchMs: number
  /** The same search again, without its vector. @returns milliseconds */
  repeat(): Promise<number>
}

/** Asks one question and times its two halves apart. */
export async function ask(funes: Funes, encoder: Encoder, question: Question, k: number): Promise<Answer> {
  const { text, president, address } = question
  const encodedBefore = encoder.encoded
  const start = performance.now()
  const [embedding] = await encoder.embed([text])
  const embedMs = encoder.encoded > encodedBefore ? performance.now() - start : null
  async function search() {
    const searchStart = performance.now()
    const hits = await funes.memories.search({
      ...(president === undefined ? { scope: 'all-users' } : { userId: president }),
      ...(address !== undefined && { filter: { sessionId: address } }),
      embedding: embedding as Float32Array,
      k,
    })
    return { hits, searchMs: performance.now() - searchStart }
  }
  return {
    question,
    embedMs,
    isEncoderNew: encodedBefore === 0,
    ...(await search()),
    repeat: async () => (await search()).searchMs,
  }
}
