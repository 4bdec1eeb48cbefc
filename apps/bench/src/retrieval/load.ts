import { createHash } from 'node:crypto'
import type { Funes } from '@funes/db'
import { type EmbeddedSet, type Turn, turnKey } from './labelled-set.js'

/** The embedding model that a labelled set is stored under; its dimensions are those of the data. */
export const RETRIEVAL_MODEL = 'retrieval'

/** A UUID whose order is that of the file: turns of the same instant stay in their order. */
function memoryId(place: number): string {
  return `00000000-0000-7000-8000-${place.toString(16).padStart(12, '0')}`
}

/** What an id of the database may have, its index entries among it. */
const MAX_ID_BYTES = 512

/** The data set's name of a user or session, or another one where the database cannot hold that. */
export function storableId(id: string): string {
  const fits = id.isWellFormed() && !id.includes('\0') && Buffer.byteLength(id) <= MAX_ID_BYTES
  return fits ? id : `sha256:${createHash('sha256').update(JSON.stringify(id)).digest('hex')}`
}

/**
 * Stores the turns through the public face of Funes: users, sessions, memories.
 *
 * @returns the data set's id of each memory, by the memory's id
 */
export async function loadTurns(
  funes: Funes,
  set: EmbeddedSet,
  progress: (done: number, total: number) => void,
): Promise<Map<string, string>> {
  await funes.models.register({ name: RETRIEVAL_MODEL, dimensions: set.dimensions })
  for (const id of new Set(set.turns.map(({ userId }) => userId)))
    await funes.users.ensure({ id: storableId(id) })
  const firstTurns = new Map<string, Turn>()
  for (const turn of set.turns) {
    if (turn.sessionId === null) continue
    const key = turnKey({ userId: turn.userId, id: turn.sessionId })
    if (!firstTurns.has(key)) firstTurns.set(key, turn)
  }
  for (const { userId, sessionId, createdAt } of firstTurns.values()) {
    const key = { userId: storableId(userId), id: storableId(sessionId as string) }
    await funes.sessions.start({ ...key, startedAt: createdAt })
  }
  const ids = new Map<string, string>()
  const memories = set.turns.map(({ userId, sessionId, id, content, createdAt, embedding }, place) => {
    ids.set(memoryId(place), id)
    return {
      ...{ userId: storableId(userId), id: memoryId(place), content, createdAt, embedding },
      ...(sessionId !== null && { sessionId: storableId(sessionId) }),
    }
  })
  await funes.memories.addMany(memories, {
    onProgress: ({ done }) => progress(done, memories.length),
  })
  return ids
}
