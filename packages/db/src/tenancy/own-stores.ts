import type { Memories } from '../memories/memories.js'
import type { Sessions } from '../sessions/sessions.js'
import type { RecordUsage, UsageQuery } from '../tools/usage/types.js'
import type { Users } from '../users/users.js'
import { ownInput, ownInputs, ownIterable } from './own.js'
import type { ScopedTools } from './scoped-tools.js'
import type { UserMemories, UserScope, UserSessions } from './user-scope.js'

/** The stores that a scope is made of, over whatever runs their statements. */
export interface Stores {
  readonly memories: Memories
  readonly sessions: Sessions
  readonly users: Users
  readonly tools: ScopedTools<RecordUsage, UsageQuery>
}

/** Method by method: what is not named here, a new one that crosses users say, is not there. */
function ownMemories(memories: Memories, userId: string): UserMemories {
  const own = (input: unknown) => ownInput(userId, input)
  return {
    add: async (memory) => memories.add(own(memory)),
    addMany: async (many, options) => memories.addMany(ownIterable(userId, many), options),
    get: async (key) => memories.get(own(key)),
    embedding: async (key) => memories.embedding(own(key)),
    list: async (options) => memories.list(own(options)),
    count: async (of) => memories.count(own(of)),
    search: async (search: unknown) => memories.search(own(search)) as never,
    searchMany: async (questions, options) => memories.searchMany(ownInputs(userId, questions), options),
    update: async (change) => memories.update(own(change)),
    touch: async (keys, options) =>
      Array.isArray(keys) ? memories.touch(ownInputs(userId, keys), options) : memories.touch(own(keys)),
    delete: async (key) => memories.delete(own(key)),
    restore: async (memory) => memories.restore(own(memory)),
    restoreVersion: async (memory) => memories.restoreVersion(own(memory)),
    history: async (key) => memories.history(own(key)),
  }
}

function ownSessions(sessions: Sessions, userId: string): UserSessions {
  const own = (input: unknown) => ownInput(userId, input)
  return {
    start: async (session) => sessions.start(own(session)),
    get: async (key) => sessions.get(own(key)),
    list: async (options) => sessions.list(own(options)),
    end: async (session) => sessions.end(own(session)),
  }
}

/** The stores as one user has them. */
export function ownStores(stores: Stores, userId: string): Omit<UserScope, 'transaction'> {
  return {
    userId,
    memories: ownMemories(stores.memories, userId),
    sessions: ownSessions(stores.sessions, userId),
    tools: {
      ...stores.tools,
      recordUsage: async (usage) => stores.tools.recordUsage(ownInput(userId, usage)),
      usage: async (query) => stores.tools.usage(ownInput(userId, query)),
    },
    user: async (options) => stores.users.get(userId, options),
    ensureUser: async (user) => stores.users.ensure({ ...user, id: userId }),
  }
}
