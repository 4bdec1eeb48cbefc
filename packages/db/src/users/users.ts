import { z } from 'zod'
import type { CallOptions } from '../call-options.js'
import type { Executor } from '../engine/executor.js'
import { checked, idText, jsonObject } from '../input.js'
import { selectUser, selectUsers, type UserRow, upsertUser } from '../sql/users.js'

/** Whose memories are kept apart from all others: a person, or an agent. */
export type User = Readonly<UserRow>

/** The users of this database: every memory and session is one user's. */
export interface Users {
  /**
   * Makes the user if there is none of that id. `memories.add` does it by itself; call this to set metadata,
   * which replaces what was there.
   *
   * @throws `INPUT.INVALID`
   */
  ensure(user: { id: string; metadata?: Record<string, unknown> } & CallOptions): Promise<User>
  /**
   * The user, or null.
   *
   * @throws `INPUT.INVALID`
   */
  get(id: string, options?: CallOptions): Promise<User | null>
  /**
   * Users in the order of their ids, 100 a page unless `limit` (1 to 1,000) says otherwise, after the id `after`.
   *
   * @throws `INPUT.INVALID`
   */
  list(options?: { limit?: number; after?: string } & CallOptions): Promise<User[]>
}

const ensureSchema = z.strictObject({ id: idText, metadata: jsonObject.optional() })
const listSchema = z.strictObject({ limit: z.int().min(1).max(1000).optional(), after: idText.optional() })

export function createUsers(executor: Executor): Users {
  return {
    async ensure(user) {
      const { id, metadata } = checked(ensureSchema, user)
      const [row] = await executor.run(
        upsertUser(id, metadata === undefined ? null : JSON.stringify(metadata)),
      )
      return row as UserRow
    },
    async get(id) {
      const [row] = await executor.run(selectUser(checked(idText, id)))
      return row ?? null
    },
    async list(options = {}) {
      const { limit = 100, after } = checked(listSchema, options)
      return executor.run(selectUsers(limit, after ?? null))
    },
  }
}
