import { heldOutQueries, syntheticMemories } from '@funes/corpus/synthetic'
import type { Dataset } from './dataset.js'

export interface SyntheticSettings {
  seed: number
  memories: number
  users: number
  dimensions: number
}

/** The model that the first migration registers has this many. */
const DEFAULT_MODEL_DIMENSIONS = 384

/** Made-up memories with vectors as hard to search as real ones. */
export function syntheticDataset(settings: SyntheticSettings): Dataset {
  const { memories, users, dimensions } = settings
  return {
    title: `synthetic: ${memories} memories of ${users} users, ${dimensions} dimensions`,
    identity: { dataset: 'synthetic', ...settings },
    model: dimensions === DEFAULT_MODEL_DIMENSIONS ? 'default' : `synthetic-${dimensions}`,
    dimensions,
    memories,
    users,
    rows: (from) => syntheticMemories({ ...settings, from }),
    heldOut: (count) => heldOutQueries({ ...settings, count }),
    close: async () => {},
  }
}
