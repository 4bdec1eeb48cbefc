import { type FunesError, funesError } from '../errors/funes-error.js'
import { touchMemories } from '../sql/memory-access.js'
import { updateMemory } from '../sql/memory-change.js'
import type { ExistingRow } from '../sql/memory-existing.js'
import type { MemoryContext } from './context.js'
import type { Entry, Outcome } from './store.js'
import type { Memory, OnDuplicate } from './types.js'

/** The answer to an id that its user has a memory of. */
export function memoryExists(cause?: unknown): FunesError {
  return funesError('MEMORY.EXISTS', 'This user already has a memory with that id.', {
    fix: 'Leave `id` out to get a new one, or use `memories.update`.',
    ...(cause !== undefined && { cause }),
  })
}

function assertMayMeet({ id, likeness, sameText }: ExistingRow, onDuplicate: OnDuplicate | undefined): void {
  if (likeness === 'id') throw memoryExists()
  if (likeness === 'idempotencyKey' && !sameText) {
    throw funesError('MEMORY.KEY_REUSED', 'This idempotency key was first used with another content.', {
      fix: 'Give each memory a key of its own; the same key only to add the same content again.',
      meta: { id },
    })
  }
  if (likeness === 'content' && onDuplicate === 'error') {
    throw funesError('MEMORY.DUPLICATE', 'This user already has a memory with that content.', {
      fix: 'Use the memory that `meta.id` names, or another `onDuplicate`.',
      meta: { id },
    })
  }
}

function publicMemory({ place: _, likeness: __, sameText: ___, ...memory }: ExistingRow): Memory {
  return memory
}

/** Changes the memory that is there to what the add gives; undefined when it is there no more. */
async function update(
  context: MemoryContext,
  { given, row }: Entry,
  id: string,
): Promise<Memory | undefined> {
  const change = {
    userId: row.userId,
    id,
    actor: null,
    content: undefined,
    sessionId: given.sessionId,
    source: given.source,
    importance: given.importance,
    metadata: given.metadata === undefined ? undefined : row.metadata,
    expiresAt: given.expiresAt === undefined && given.ttlMs === undefined ? undefined : row.expiresAt,
    embedding: given.embedding === undefined ? undefined : row.embedding,
    isVectorGiven: true,
  }
  const [memory] = await context.executor.run(updateMemory(change, await context.model.get()))
  return memory
}

/**
 * Does with each entry what `onDuplicate` asks, `found` being the memories that are there in their place. An outcome
 * is undefined when its memory is there no more.
 *
 * @throws `MEMORY.EXISTS`, `MEMORY.KEY_REUSED`, `MEMORY.DUPLICATE`
 */
export async function settleDuplicates(
  context: MemoryContext,
  found: ReadonlyMap<Entry, ExistingRow>,
  onDuplicate: OnDuplicate | undefined,
): Promise<Map<Entry, Outcome | undefined>> {
  for (const row of found.values()) assertMayMeet(row, onDuplicate)
  const outcomes = new Map<Entry, Outcome | undefined>()
  // In the order of their ids, whatever that of the entries: two batches then never wait for each other.
  const inOrder = [...found].sort(([, a], [, b]) => (a.id < b.id ? -1 : Number(a.id > b.id)))
  for (const [entry, row] of inOrder) {
    if (row.likeness !== 'content' || onDuplicate !== 'update') {
      outcomes.set(entry, { memory: publicMemory(row), kind: 'existing' })
      continue
    }
    const memory = await update(context, entry, row.id)
    outcomes.set(entry, memory && { memory, kind: 'updated' })
  }
  if (onDuplicate === 'touch') {
    const touched = inOrder.map(([, row]) => row).filter(({ likeness }) => likeness === 'content')
    if (touched.length > 0) await context.executor.run(touchMemories(touched))
  }
  return outcomes
}
