import type { Embedder } from '../src/index.js'
import { random, randomVector } from './vectors.js'

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return state >>> 0
}

/**
 * An embedder that gives each text a direction of its own, another under each model: a text finds itself at distance 0,
 * and nothing else near. A vector of another model or of an older text is found out at once.
 */
export function textEmbedder(model: string, dimensions = 16): Embedder {
  return {
    model,
    dimensions,
    embed: async (texts) => texts.map((text) => randomVector(random(hash(`${model} ${text}`)), dimensions)),
  }
}
