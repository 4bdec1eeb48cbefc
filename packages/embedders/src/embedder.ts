/**
 * What turns text into vectors: the shape that `createFunes({ embedder })` asks for.
 *
 * `embed` answers with one vector of `dimensions` components for each text, in the order of the texts.
 */
export interface Embedder {
  /** The name under which a database registers the model: vectors of two names are never compared. */
  readonly model: string
  readonly dimensions: number
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>
}

export interface EmbedOptions {
  /** Stops the work between two texts, or two requests. */
  signal?: AbortSignal
}
