export {
  heldOutQueries,
  type SyntheticMemory,
  type SyntheticMetadata,
  type SyntheticOptions,
  syntheticMemories,
} from './memories.js'
export { type Source, subjectAt, syntheticText } from './text.js'
export { createVectorSource, type VectorSource, type VectorSourceOptions } from './vectors.js'
