/** `EMBEDDER.PEER_MISSING`: the encoder's package is not installed. `EMBEDDER.TEXT_EMPTY`: nothing to encode.
 * `EMBEDDER.OUTPUT_INVALID`: wrong number or size of vectors. `EMBEDDER.CLOSED`: used after close().
 * `EMBEDDER.CONFIG_INVALID`: an option out of range. */
export type EmbedderErrorCode =
  | 'EMBEDDER.CLOSED'
  | 'EMBEDDER.CONFIG_INVALID'
  | 'EMBEDDER.OUTPUT_INVALID'
  | 'EMBEDDER.PEER_MISSING'
  | 'EMBEDDER.TEXT_EMPTY'

/** A failure of an adapter, to be matched by `code`. */
export interface EmbedderError extends Error {
  readonly name: 'EmbedderError'
  readonly code: EmbedderErrorCode
  /** What to do about it. */
  readonly fix: string
}

/** Makes an {@link EmbedderError}; `message` must hold no text that was to be embedded. */
export function embedderError(
  code: EmbedderErrorCode,
  message: string,
  fix: string,
  cause?: unknown,
): EmbedderError {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, { name: 'EmbedderError' as const, code, fix })
}
