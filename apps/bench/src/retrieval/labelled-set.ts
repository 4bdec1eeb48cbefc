import type { Oddity } from './oddity.js'

/** One turn of a conversation, or one passage of a document: what is remembered. */
export interface Turn {
  readonly userId: string
  /** Null stands outside of every session. */
  readonly sessionId: string | null
  /** The data set's own, unique for its user. */
  readonly id: string
  readonly content: string
  readonly createdAt: Date
  readonly embedding: Float32Array | null
}

/** A question of one user, and the turns that answer it. */
export interface Question {
  readonly userId: string
  readonly text: string
  readonly embedding: Float32Array | null
  /** Ids, each once, at least one; of turns of the same user, but for what is missing. */
  readonly evidence: readonly string[]
}

/** Turns in their order, and questions whose answers are known. */
export interface LabelledSet {
  readonly name: string
  readonly turns: readonly Turn[]
  readonly questions: readonly Question[]
  /** What was left out, cut, or counts as not found. */
  readonly oddities: readonly Oddity[]
}

/** A labelled set in which every turn and every question has a vector, but for those that the encoder has none for. */
export interface EmbeddedSet extends LabelledSet {
  readonly dimensions: number
  /** What made the vectors; null when they came with the data. */
  readonly encoder: string | null
}

/** Names a turn among those of all users. */
export function turnKey({ userId, id }: { userId: string; id: string }): string {
  return JSON.stringify([userId, id])
}
