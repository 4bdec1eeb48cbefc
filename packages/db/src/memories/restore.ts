import { violatedConstraint } from '../errors/database-error.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { sessionNotFound } from '../sessions/sessions.js'
import { restoreMemory, selectVersion, type VersionRow } from '../sql/history-restore.js'
import { updateMemory } from '../sql/memory-change.js'
import { memoryNotFound, newVector } from './change.js'
import type { MemoryContext } from './context.js'
import { checkContent, restoreSchema, restoreVersionSchema } from './input.js'
import type { Memory, RestoreMemory, RestoreVersion } from './types.js'
import { addUnderNewModels, underModel } from './under-model.js'

/** How often somebody else may change the memory between the look at it and its restoring. */
const MAX_ATTEMPTS = 5

function memoryExpired() {
  return funesError('MEMORY.EXPIRED', 'The memory would be back, and not be found: its time is past.', {
    fix: 'Pass `expiresAt`: a later time, or null for never.',
    meta: { path: 'expiresAt' },
  })
}

/** Brings a deleted or expired memory back, as `memories.restore` says. */
export async function bringBack(context: MemoryContext, restore: RestoreMemory): Promise<Memory> {
  const { userId, id, actor = null, expiresAt } = checked(restoreSchema, restore)
  const [row] = await context.executor.run(restoreMemory({ userId, id, actor }, expiresAt))
  if (row === undefined) throw memoryNotFound()
  const { restored, ...memory } = row
  if (!restored) throw memoryExpired()
  return memory
}

/** Makes a memory what it was at a version, as `memories.restoreVersion` says. */
export async function restoreMemoryVersion(context: MemoryContext, restore: RestoreVersion): Promise<Memory> {
  checked(restoreVersionSchema, restore)
  const givesVectors = restore.embedding !== undefined && restore.embedding !== null
  const { memory, isNewText } = await underModel(context, { givesVectors }, (pinned) =>
    restoreUnderModel(pinned, restore),
  )
  if (isNewText && restore.embedding !== null) await addUnderNewModels(context, [memory])
  return memory
}

interface Restored {
  readonly memory: Memory
  /** Whether the memory had another text before. */
  readonly isNewText: boolean
}

async function readVersion(context: MemoryContext, restore: RestoreVersion): Promise<VersionRow> {
  const { userId, id, version } = checked(restoreVersionSchema, restore)
  const [row] = await context.executor.run(selectVersion(userId, id, version))
  if (row === undefined) throw memoryNotFound()
  if (row.content !== null) return row
  throw funesError('MEMORY.VERSION_NOT_FOUND', 'This memory has no such version.', {
    fix: '`memories.history` lists the versions that it had.',
    meta: { version, current: row.version },
  })
}

async function restoreUnderModel(context: MemoryContext, restore: RestoreVersion): Promise<Restored> {
  const input = checked(restoreVersionSchema, restore)
  let embedding: Buffer | null | undefined
  let embedded: string | undefined
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const was = await readVersion(context, restore)
    const { text, hash } = checkContent(was.content as string, Number.POSITIVE_INFINITY)
    const isNewText = !hash.equals(was.contentHash)
    const expiresAt = input.expiresAt === undefined ? was.expiresAt : input.expiresAt
    if (expiresAt !== null && expiresAt <= was.now) throw memoryExpired()
    // A vector belongs to a text: the same is not made twice.
    if (embedding === undefined || embedded !== text) {
      embedding = await newVector(context, {
        embedding: restore.embedding,
        content: isNewText ? text : undefined,
      })
      embedded = text
    }
    const change = {
      userId: input.userId,
      id: input.id,
      actor: input.actor ?? null,
      content: isNewText ? { text, hash } : undefined,
      sessionId: was.sessionId,
      source: was.source,
      importance: was.importance,
      metadata: was.metadata,
      expiresAt,
      embedding,
      isVectorGiven: restore.embedding !== undefined,
      restoredOver: was.version,
    }
    const [memory] = await context.executor
      .run(updateMemory(change, await context.model.get()))
      .catch((error: unknown) => {
        throw violatedConstraint(error) === 'memories_user_id_session_id_fkey'
          ? sessionNotFound(error)
          : error
      })
    if (memory !== undefined) return { memory, isNewText }
  }
  throw funesError('DB.CONFLICT', 'The memory was changed by others all the while.', { fix: 'Try again.' })
}
