import type { Executor } from '../engine/executor.js'
import { type FunesError, funesError } from '../errors/funes-error.js'
import { type FollowedModel, selectFollowed } from '../sql/models.js'
import type { EmbeddingModel } from './types.js'

/**
 * For so long a model is taken for the current one without asking. A search may be so late to notice that another took
 * over, and finds what was there until then; adding asks in its own statement and is never late.
 */
export const MODEL_TTL_MS = 500

/** The one model that a Funes stores and searches under: the one it was set up with, or the one that took over from it. */
export interface CurrentModel {
  /** @throws `MODEL.NOT_FOUND`, `DB.NOT_MIGRATED` */
  get(): Promise<EmbeddingModel>
  /** As `get`, but asks the database in any case. */
  refresh(): Promise<EmbeddingModel>
  /** What was last known, however old, for whoever makes sure of it meanwhile; never in a transaction. */
  guess(): EmbeddingModel | undefined
  /** Whether the database has been asked within the last `ms`. */
  isNewerThan(ms: number): boolean
  /** Whether what is asked through this is part of a transaction. */
  isInTransaction(): boolean
  /** Models that are being built, as of the last look. */
  building(): readonly EmbeddingModel[]
  /** From now on this Funes means `name`: vectors that it is given are that model's. */
  follow(name: string): void
  /**
   * Whether a vector that the caller gives can be one of `model`. Of a model that took over, with as many dimensions
   * as the one before, nobody can tell.
   *
   * @throws `MODEL.REPLACED`
   */
  assertOwnVectors(model: EmbeddingModel): void
  /** The same, asking through `executor`: a transaction's call must not wait for a connection beside it. */
  over(executor: Executor): CurrentModel
}

/** The answer to whoever still works for a model that another took over from. */
export function modelReplaced(model: string, by: string | null, cause?: unknown): FunesError {
  return funesError('MODEL.REPLACED', `Another model took over from ${JSON.stringify(model)}.`, {
    fix: 'Run the call again, or the whole transaction that it is part of; give createFunes the embedder of the new model, or its name as `model` with its vectors.',
    meta: { model, replacedBy: by },
    ...(cause !== undefined && { cause }),
  })
}

interface Answer {
  readonly current: FollowedModel
  readonly at: number
}

const isFresh = ({ at }: { at: number }, ms: number) => performance.now() - at < ms

/** @param currentTransaction the innermost transaction that `executor` would join now */
export function createCurrentModel(
  executor: Executor,
  configured: string,
  currentTransaction: () => object | undefined,
): CurrentModel {
  let name = configured
  let known: { current: FollowedModel; askedDimensions: number; building: FollowedModel[] } | undefined
  let knownAt = Number.NEGATIVE_INFINITY
  // What a transaction sees may be older than what others see, or never be committed: it is not for them.
  let seenWithin = new WeakMap<object, Answer>()

  const scopeOf = (through: Executor) => (through === executor ? currentTransaction() : through)

  async function refresh(through: Executor): Promise<EmbeddingModel> {
    const asked = name
    const askedAt = performance.now()
    const scope = scopeOf(through)
    // Who asks has doubts: until the answer comes, others ask too.
    if (scope === undefined) knownAt = Number.NEGATIVE_INFINITY
    const rows = await through.run(selectFollowed(asked)).catch((error: unknown) => {
      // A transaction that has failed gets no answer, and is run again: then the doubt is still there.
      knownAt = Number.NEGATIVE_INFINITY
      throw error
    })
    const current = rows.find(({ isCurrent }) => isCurrent)
    if (current === undefined) {
      throw funesError('MODEL.NOT_FOUND', `No embedding model is registered as ${JSON.stringify(asked)}.`, {
        fix: 'Run `await funes.migrate()` with the embedder given to createFunes, or `funes.models.register({ name, dimensions })`.',
        meta: { model: asked },
      })
    }
    const first = rows.find(({ isAsked }) => isAsked) ?? current
    const building = rows.filter((row) => row.state === 'building' && row.id !== current.id)
    const seen = { current, askedDimensions: first.dimensions, building }
    if (asked !== name) return current
    known ??= seen
    if (scope !== undefined) {
      seenWithin.set(scope, { current, at: askedAt })
      if (current.id !== known.current.id) knownAt = Number.NEGATIVE_INFINITY
    } else if (askedAt >= knownAt) {
      // What was read first may arrive last.
      known = seen
      knownAt = askedAt
    }
    return current
  }

  /** The answer that a call through `through` goes by: its transaction's own while that is as fresh as any. */
  function answer(through: Executor): Answer | undefined {
    const scope = scopeOf(through)
    const own = scope && seenWithin.get(scope)
    if (own !== undefined && isFresh(own, MODEL_TTL_MS)) return own
    return known && { current: known.current, at: knownAt }
  }

  const over = (through: Executor): CurrentModel => ({
    over,
    refresh: () => refresh(through),
    async get() {
      const last = answer(through)
      return last !== undefined && isFresh(last, MODEL_TTL_MS) ? last.current : refresh(through)
    },
    guess: () => (scopeOf(through) === undefined ? known?.current : undefined),
    isNewerThan(ms) {
      const last = answer(through)
      return last !== undefined && isFresh(last, ms)
    },
    isInTransaction: () => scopeOf(through) !== undefined,
    building: () => known?.building ?? [],
    follow(next) {
      if (next === name) return
      name = next
      known = undefined
      seenWithin = new WeakMap()
      knownAt = Number.NEGATIVE_INFINITY
    },
    assertOwnVectors(model) {
      if (model.name !== name && model.dimensions === known?.askedDimensions) {
        throw modelReplaced(name, model.name)
      }
    },
  })

  return over(executor)
}
