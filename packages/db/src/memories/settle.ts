import { isConnectionLost, isUnsent } from '../errors/database-error.js'
import type { FunesError } from '../errors/funes-error.js'
import { selectExisting } from '../sql/memory-existing.js'
import type { MemoryContext } from './context.js'
import type { Entry } from './store.js'
import type { Memory } from './types.js'

/** An insert of which nobody knows whether it was kept: its connection was lost before the answer came. */
export class Unanswered extends Error {
  readonly failure: FunesError

  constructor(failure: FunesError) {
    super(failure.message)
    this.failure = failure
  }
}

/** The error of an insert that stands for itself, named `Unanswered` where it may have been kept. */
export function unansweredOr(error: unknown): unknown {
  return isConnectionLost(error) && !isUnsent(error) ? new Unanswered(error) : error
}

/**
 * Which of `entries` are there by their own ids, with the texts they came with: an insert that got no answer has stored
 * them. Ids are made for one add alone; one that the caller gave stands for the same memory if the text is the same.
 */
export async function storedAlready(
  context: MemoryContext,
  entries: readonly Entry[],
): Promise<Map<Entry, Memory>> {
  const byId = entries.map(({ row }) => ({ ...row, idempotencyKey: null }))
  const rows = await context.executor.run(selectExisting(byId, { distinct: false }))
  const stored = new Map<Entry, Memory>()
  for (const { place, likeness: _, sameText, ...memory } of rows) {
    if (sameText) stored.set(entries[place] as Entry, memory)
  }
  return stored
}
