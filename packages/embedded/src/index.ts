export { createEmbeddedPool, type EmbeddedOptions, type EmbeddedPool } from './embedded-pool.js'
export type { EmbeddedError, EmbeddedErrorCode } from './errors.js'
