import { violatedConstraint } from '../errors/database-error.js'
import { funesError } from '../errors/funes-error.js'
import { checked } from '../input.js'
import { sessionNotFound } from '../sessions/sessions.js'
import { deleteMemory, updateMemory } from '../sql/memory-change.js'
import { encodeFor, type VectorInput } from '../vector.js'
import { embedTexts, type MemoryContext } from './context.js'
import { checkContent, removeSchema, updateSchema } from './input.js'
import type { Memory, MemoryKey, UpdateMemory } from './types.js'
import { addUnderNewModels, underModel } from './under-model.js'

/** The answer to a change of what is not there. */
export function memoryNotFound() {
  return funesError('MEMORY.NOT_FOUND', 'This user has no memory with that id, or not in that state.', {
    fix: 'Check id and user; `memories.get` with includeDeleted tells whether it was deleted.',
  })
}

function found(row: Memory | undefined): Memory {
  if (row) return row
  throw memoryNotFound()
}

/** The vector of a change: the one given, or that of the new text; undefined when the one that is there stays. */
export async function newVector(
  context: MemoryContext,
  change: { embedding?: VectorInput | null | undefined; content?: string | undefined },
): Promise<Buffer | null | undefined> {
  let vector: VectorInput | null | undefined = change.embedding
  if (vector === undefined && change.content !== undefined) {
    // A new text under its old vector would be found for what it no longer says.
    vector = (await embedTexts(context, [change.content]))[0] as VectorInput
  }
  if (vector === null || vector === undefined) return vector
  return encodeFor(await context.model.get(), vector)
}

export async function changeMemory(context: MemoryContext, change: UpdateMemory): Promise<Memory> {
  checked(updateSchema, change)
  const givesVectors = change.embedding !== undefined && change.embedding !== null
  const memory = await underModel(context, { givesVectors }, (pinned) => changeUnderModel(pinned, change))
  if (change.content !== undefined && change.embedding !== null) await addUnderNewModels(context, [memory])
  return memory
}

async function changeUnderModel(context: MemoryContext, change: UpdateMemory): Promise<Memory> {
  const input = checked(updateSchema, change)
  const content =
    input.content === undefined ? undefined : checkContent(input.content, context.maxContentLength)
  const embedding = await newVector(context, change)
  const statement = updateMemory(
    {
      userId: input.userId,
      id: input.id,
      actor: input.actor ?? null,
      content,
      sessionId: input.sessionId,
      source: input.source,
      importance: input.importance,
      metadata: input.metadata === undefined ? undefined : JSON.stringify(input.metadata),
      expiresAt: input.expiresAt,
      embedding,
      isVectorGiven: input.embedding !== undefined,
    },
    await context.model.get(),
  )
  try {
    return found((await context.executor.run(statement))[0])
  } catch (error) {
    if (violatedConstraint(error) === 'memories_user_id_session_id_fkey') throw sessionNotFound(error)
    throw error
  }
}

export async function removeMemory(
  context: MemoryContext,
  key: MemoryKey & { actor?: string },
): Promise<Memory> {
  const { userId, id, actor } = checked(removeSchema, key)
  return found((await context.executor.run(deleteMemory({ userId, id, actor: actor ?? null })))[0])
}
