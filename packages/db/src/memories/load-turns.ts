import type { Entry } from './store.js'

/** A batch's place among those that are being stored. */
export interface Turn {
  /** Until the batch before has its locks. Then that one never waits for this one, which may wait for it. */
  readonly mayBegin: Promise<unknown> | undefined
  /** Until the batch before is kept; rejects when it was not. */
  readonly mayCommit: Promise<unknown> | undefined
  /** To be called when this batch has its locks, and when it ends. */
  hasBegun(): void
}

interface Running {
  readonly keys: ReadonlySet<string>
  readonly begun: Promise<void>
  readonly stored: Promise<void>
}

/** What no two memories may have in common. */
function keysOf(entries: readonly Entry[]): Set<string> {
  const keys = new Set<string>()
  for (const { row } of entries) {
    keys.add(row.id)
    if (row.idempotencyKey !== null) keys.add(JSON.stringify([row.userId, row.idempotencyKey]))
  }
  return keys
}

/**
 * Lets so many batches be stored at a time, and kept in their order. Two that have a key in common are not stored at a
 * time: the earlier could wait for the later to commit, which waits for it.
 */
export function createTurns(lanes: number) {
  const running: Running[] = []

  const overlaps = (keys: ReadonlySet<string>) =>
    running.some((other) => [...other.keys].some((key) => keys.has(key)))

  return {
    /**
     * Begins to store a batch as soon as there is room.
     *
     * @throws what an earlier batch failed with, the signal's reason
     */
    async next(
      entries: readonly Entry[],
      store: (turn: Turn) => Promise<void>,
      signal: AbortSignal | undefined,
    ): Promise<void> {
      const keys = keysOf(entries)
      while (running.length >= lanes || overlaps(keys)) {
        await running[0]?.stored
        running.shift()
      }
      signal?.throwIfAborted()
      const before = running.at(-1)
      let hasBegun = () => {}
      const begun = new Promise<void>((resolve) => {
        hasBegun = resolve
      })
      const stored = store({ mayBegin: before?.begun, mayCommit: before?.stored, hasBegun })
      // Reported where it is waited for.
      stored.catch(() => undefined)
      running.push({ keys, begun, stored })
    },

    /** @throws what the first batch failed with that did, when all have ended */
    async end(): Promise<void> {
      const outcomes = await Promise.allSettled(running.splice(0).map(({ stored }) => stored))
      const failed = outcomes.find(({ status }) => status === 'rejected')
      if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
    },
  }
}
