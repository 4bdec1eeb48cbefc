import type { Engine } from '../engine/engine.js'
import {
  deleteFaded,
  type FadedRow,
  type FadingRule,
  lockAccess,
  lockFaded,
  lockUserForForgetting,
  removeFaded,
  selectFaded,
} from '../sql/forget.js'
import { selectUsers } from '../sql/users.js'
import { meaningAllUsers } from './all-users.js'

/** A memory that was forgotten, or would be. Never its content. */
export interface ForgottenMemory {
  readonly userId: string
  readonly id: string
  /** Its faded importance, from 0 to 1. */
  readonly score: number
}

/** What a forgetting came to, or, in a dry run, would come to. */
export interface ForgetResult {
  readonly forgotten: number
  /** Which, the most faded of each user first; the first 10,000 of them. */
  readonly memories: readonly ForgottenMemory[]
}

export interface Forgetting {
  /** Null is everyone. */
  readonly userId: string | null
  readonly rule: FadingRule
  readonly limit: number
  readonly batchSize: number
  readonly dryRun: boolean
  readonly hard: boolean
  readonly actor: string
  readonly onProgress: ((progress: { forgotten: number; users: number }) => void) | undefined
}

const LISTED = 10_000
const USERS_A_PAGE = 500

async function* usersOf(engine: Engine, userId: string | null): AsyncGenerator<string> {
  if (userId !== null) {
    yield userId
    return
  }
  let after: string | null = null
  while (true) {
    const page: { id: string }[] = await meaningAllUsers(engine, (executor) =>
      executor.run(selectUsers(USERS_A_PAGE, after)),
    )
    for (const { id } of page) yield id
    after = page.at(-1)?.id ?? null
    if (page.length < USERS_A_PAGE) return
  }
}

/** Looks at what has faded of one user, and counts it. */
async function look(engine: Engine, { rule }: Forgetting, userId: string, size: number) {
  const rows = await meaningAllUsers(engine, (executor) =>
    executor.run(selectFaded(userId, rule, size, LISTED)),
  )
  return { forgotten: rows[0]?.total ?? 0, rows }
}

/** Forgets what has faded of one user, `size` of it at most, batch by batch. */
async function forget(engine: Engine, forgetting: Forgetting, userId: string, size: number) {
  const { rule, batchSize, hard, actor } = forgetting
  const done: FadedRow[] = []
  let forgotten = 0
  while (forgotten < size) {
    const batch = Math.min(batchSize, size - forgotten)
    const { found, rows } = await meaningAllUsers(engine, async (executor) => {
      await executor.run(lockUserForForgetting(userId))
      const locked = await executor.run(lockFaded(userId, rule, batch))
      if (locked.length === 0) return { found: 0, rows: [] }
      const ids = locked.map(({ id }) => id)
      await executor.run(lockAccess(userId, ids))
      const faded = hard ? removeFaded(userId, rule, ids) : deleteFaded(userId, rule, ids, actor)
      return { found: ids.length, rows: await executor.run(faded) }
    })
    forgotten += rows.length
    if (done.length < LISTED) done.push(...rows)
    if (found < batch) break
  }
  return { forgotten, rows: done }
}

/** Forgets by faded importance, as `lifecycle.forget` says. */
export async function forgetFaded(engine: Engine, forgetting: Forgetting): Promise<ForgetResult> {
  const memories: ForgottenMemory[] = []
  let forgotten = 0
  let users = 0
  for await (const userId of usersOf(engine, forgetting.userId)) {
    const room = forgetting.limit - forgotten
    if (room <= 0) break
    const found = await (forgetting.dryRun ? look : forget)(engine, forgetting, userId, room)
    forgotten += found.forgotten
    users += 1
    for (const { id, score } of found.rows.slice(0, LISTED - memories.length))
      memories.push({ userId, id, score })
    if (found.forgotten > 0) await forgetting.onProgress?.({ forgotten, users })
  }
  return { forgotten, memories }
}
