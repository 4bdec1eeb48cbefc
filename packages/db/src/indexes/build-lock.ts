import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine/engine.js'
import { type BuildSession, withSession } from '../engine/session.js'
import { funesError } from '../errors/funes-error.js'
import { releaseIndexLock, selectIndexLockHolder, tryIndexLock } from '../sql/indexes.js'

const LOCK_POLL_MS = 250

/**
 * Whoever builds is at work all the time that it holds the lock, but for moments. One that has rested for so long has lost
 * the lock from sight: a pooler gave its statements to several connections, or its process stands still.
 */
const MAX_IDLE_MS = 30_000

async function assertAtWork(session: BuildSession, modelId: number, maxIdleMs: number): Promise<void> {
  const [holder] = await session.run(selectIndexLockHolder(modelId))
  if (holder === undefined || (holder.idleMs ?? 0) < maxIdleMs) return
  throw funesError(
    'DB.LOCK_TIMEOUT',
    `The server process ${holder.pid} holds the right to build this index, and has done nothing for ${Math.round(holder.idleMs as number)} ms.`,
    {
      fix: `End it: \`select pg_terminate_backend(${holder.pid})\`. Behind a pooler in transaction mode, give createFunes the url of the server itself for what builds indexes.`,
      meta: { pid: holder.pid, idleMs: holder.idleMs },
    },
  )
}

/**
 * Runs `work` in one session while no other session builds this model's indexes; waits for one that does.
 *
 * @throws what `work` throws, the signal's reason, `DB.LOCK_TIMEOUT` when whoever has the lock does nothing with it
 */
export async function whileNobodyBuilds<T>(
  engine: Engine,
  modelId: number,
  signal: AbortSignal | undefined,
  work: (session: BuildSession) => Promise<T>,
  maxIdleMs = MAX_IDLE_MS,
): Promise<T> {
  return withSession(engine.pool, async (session) => {
    while (true) {
      signal?.throwIfAborted()
      const [lock] = await session.run(tryIndexLock(modelId))
      if (lock?.taken) break
      await assertAtWork(session, modelId, maxIdleMs)
      await sleep(LOCK_POLL_MS, undefined, signal && { signal })
    }
    try {
      return await work(session)
    } finally {
      // A lock that is not given back ends with its connection.
      await session.run(releaseIndexLock(modelId)).catch(() => session.discard())
    }
  })
}
