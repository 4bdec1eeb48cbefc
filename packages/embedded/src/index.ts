export { createEmbeddedPool, type EmbeddedOptions } from './create-embedded-pool.js'
export type { EmbeddedPool } from './embedded-pool.js'
export type { EmbeddedError, EmbeddedErrorCode } from './errors.js'
