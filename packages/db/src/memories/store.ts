import { violatedConstraint, withMeta } from '../errors/database-error.js'
import { funesError } from '../errors/funes-error.js'
import { sessionNotFound } from '../sessions/sessions.js'
import { type ExistingRow, selectExisting } from '../sql/memory-existing.js'
import { insertMemories, type NewMemory } from '../sql/memory-insert.js'
import { encodeFor, type VectorInput } from '../vector.js'
import { embedTexts, type MemoryContext } from './context.js'
import { memoryExists, settleDuplicates } from './duplicates.js'
import { storedAlready, Unanswered, unansweredOr } from './settle.js'
import type { AddMemory, Memory, OnDuplicate } from './types.js'

/** A memory on its way into the database. */
export interface Entry {
  readonly given: AddMemory
  readonly row: NewMemory
  /** Whether the row's vector is there, or known to be none. */
  hasVector: boolean
}

/** What became of an entry. */
export interface Outcome {
  readonly memory: Memory
  readonly kind: 'created' | 'existing' | 'updated'
}

/** How often the memory in the way of a new one may vanish before it can be answered with. */
const MAX_ATTEMPTS = 5

class Vanished extends Error {}

async function existing(
  context: MemoryContext,
  entries: readonly Entry[],
  onDuplicate: OnDuplicate | undefined,
): Promise<Map<Entry, ExistingRow>> {
  const rows = await context.executor.run(
    selectExisting(
      entries.map(({ row }) => row),
      { distinct: onDuplicate !== undefined },
    ),
  )
  return new Map(rows.map((found) => [entries[found.place] as Entry, found]))
}

/** Encodes the vectors that were given, and has the others made in one call of the embedder. */
export async function makeVectors(
  context: MemoryContext,
  entries: readonly Entry[],
  onDuplicate: OnDuplicate | undefined,
): Promise<void> {
  const model = await context.model.get()
  for (const entry of entries) {
    const { embedding } = entry.given
    if (entry.hasVector || embedding === undefined) continue
    if (embedding !== null) entry.row.embedding = encodeFor(model, embedding)
    entry.hasVector = true
  }
  let without = entries.filter(({ hasVector }) => !hasVector)
  // Encoding costs many times what asking costs, and a text that is there already has its vector.
  const askable = without.filter(({ row }) => onDuplicate !== undefined || row.idempotencyKey !== null)
  if (askable.length > 0 && context.embedder) {
    const there = await existing(context, askable, onDuplicate)
    without = without.filter((entry) => !there.has(entry))
  }
  if (without.length === 0) return
  const made = await embedTexts(
    context,
    without.map(({ row }) => row.content),
  )
  for (const [i, entry] of without.entries()) {
    entry.row.embedding = encodeFor(model, made[i] as VectorInput)
    entry.hasVector = true
  }
}

async function insert(
  context: MemoryContext,
  entries: readonly Entry[],
  onDuplicate: OnDuplicate | undefined,
  isAlone: boolean,
): Promise<Memory[]> {
  if (entries.length === 0) return []
  const rows = entries.map(({ row }) => row)
  const statement = insertMemories(rows, await context.model.get(), { distinct: onDuplicate !== undefined })
  return context.executor.run(statement).catch((error: unknown) => {
    throw isAlone ? unansweredOr(error) : error
  })
}

/** How an attempt to store stands among others. */
interface Attempt {
  /** Whether its insert is in no transaction with anything else. */
  readonly isAlone: boolean
  /** Whether one before it got no answer, and may have stored something. */
  readonly isRepeated: boolean
}

/**
 * Stores what is not there yet, and deals with the rest.
 *
 * @throws Vanished when what stood in the way is there no more; Unanswered when nobody knows whether it was stored
 */
async function attempt(
  context: MemoryContext,
  entries: readonly Entry[],
  onDuplicate: OnDuplicate | undefined,
  { isAlone, isRepeated }: Attempt,
): Promise<Outcome[]> {
  const outcomes = new Map<Entry, Outcome>()
  if (isRepeated) {
    for (const [entry, memory] of await storedAlready(context, entries))
      outcomes.set(entry, { memory, kind: 'created' })
  }
  const ready = entries.filter((entry) => entry.hasVector && !outcomes.has(entry))
  const stored = await insert(context, ready, onDuplicate, isAlone)
  const [first] = stored
  if (entries.length === 1 && first) return [{ memory: first, kind: 'created' }]
  const key = (memory: { userId: string; id: string }) => `${memory.id} ${memory.userId}`
  const created = new Map(stored.map((memory) => [key(memory), memory]))
  for (const entry of ready) {
    const memory = created.get(key(entry.row))
    // Of two entries of one id, one was stored.
    if (memory === undefined || !created.delete(key(entry.row))) continue
    outcomes.set(entry, { memory, kind: 'created' })
  }
  const rest = entries.filter((entry) => !outcomes.has(entry))
  if (rest.length > 0) {
    // The insert may have met a transaction that its snapshot does not see: a new statement does.
    const found = await existing(context, rest, onDuplicate)
    if (found.size < rest.length) throw new Vanished()
    for (const [entry, outcome] of await settleDuplicates(context, found, onDuplicate)) {
      if (outcome === undefined) throw new Vanished()
      outcomes.set(entry, outcome)
    }
  }
  return entries.map((entry) => outcomes.get(entry) as Outcome)
}

/** The answer to whoever was about to store for a user that was purged at that moment. */
function userPurged(cause: unknown) {
  return funesError('USER.NOT_FOUND', 'The user was purged while this was being stored.', {
    fix: 'Nothing was stored. Add it again only if the user is to be made anew.',
    cause,
  })
}

/** What a constraint's refusal of new memories means; any other error as it is. */
export function translateViolation(error: unknown): unknown {
  switch (violatedConstraint(error)) {
    case 'memories_user_id_session_id_fkey':
      return sessionNotFound(error)
    case 'memories_pkey':
      return memoryExists(error)
    case 'memories_user_id_fkey':
      return userPurged(error)
    default:
      return error
  }
}

/**
 * Stores all entries or none, and answers what became of each, in their order.
 *
 * @throws as `memories.add`
 */
export async function storeAll(
  context: MemoryContext,
  entries: readonly Entry[],
  onDuplicate: OnDuplicate | undefined,
): Promise<Outcome[]> {
  // One statement is whole by itself; where one entry's fate takes a second, the others must not be stored yet.
  const isBatch = entries.length > 1
  const mayMeet = onDuplicate !== undefined || entries.some(({ row }) => row.idempotencyKey !== null)
  const isAtomic = isBatch && mayMeet
  const isAlone = !isAtomic && !context.model.isInTransaction()
  let unanswered = 0
  let hasLookedAgain = false
  try {
    for (let i = 0; i < MAX_ATTEMPTS; ) {
      await makeVectors(context, entries, onDuplicate)
      const run = () => attempt(context, entries, onDuplicate, { isAlone, isRepeated: unanswered > 0 })
      try {
        return await (isAtomic ? context.atomically(run) : run())
      } catch (error) {
        if (error instanceof Vanished) i += 1
        else if (error instanceof Unanswered) {
          unanswered += 1
          if (!(await context.retry.again(unanswered)))
            throw withMeta(error.failure, { attempts: unanswered })
        } else if (
          // The insert that got no answer was still under way, and has come to its end before this one.
          unanswered > 0 &&
          !hasLookedAgain &&
          violatedConstraint(error) === 'memories_pkey'
        ) {
          hasLookedAgain = true
        } else throw error
      }
    }
  } catch (error) {
    throw translateViolation(error)
  }
  throw funesError('DB.CONFLICT', 'The memory of that content was deleted and added again all the while.', {
    fix: 'Try again.',
  })
}
