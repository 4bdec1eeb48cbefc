import { type ArchiveTable, columnList } from './archive-tables.js'
import { type Fragment, sql } from './statement.js'

/**
 * From where on an archive is written:
 *
 * - `users`: models and tools are there, no user yet
 * - `user`: from this user on
 * - `memory`: after this memory of this user, who is there with all sessions
 * - `usage`: after the usage of this time and id, or from the first
 * - `totals`: only the totals of usages are missing
 */
export type Position =
  | { readonly at: 'users' }
  | { readonly at: 'user'; readonly user: string }
  | { readonly at: 'memory'; readonly user: string; readonly memory: string }
  | { readonly at: 'usage'; readonly last: { readonly at: string; readonly id: string } | null }
  | { readonly at: 'totals' }

/** What is written in which positions. Children of memories count as memories. */
const SHARED: readonly ArchiveTable[] = ['embedding_models', 'tools', 'tool_versions', 'tool_embeddings']
const USAGE: readonly ArchiveTable[] = ['tool_usage_retention', 'tool_usage', 'tool_usage_rollups']

/** Whether rows of a table may be missing beyond a position. */
export function isMissing(table: ArchiveTable, position: Position | null): boolean {
  if (position === null) return true
  if (SHARED.includes(table)) return false
  if (position.at === 'totals') return table === 'tool_usage_rollups'
  if (position.at !== 'usage') return true
  return USAGE.includes(table) && (position.last === null || table !== 'tool_usage_retention')
}

const KEYS: Partial<Readonly<Record<ArchiveTable, readonly [user: string, memory?: string]>>> = {
  users: ['id'],
  sessions: ['user_id'],
  memories: ['user_id', 'id'],
  memory_access: ['user_id', 'memory_id'],
  memory_embeddings: ['user_id', 'memory_id'],
  memory_history: ['user_id', 'memory_id'],
}

/** The condition that a row is not there yet. Texts are compared as the order of the rows compares them. */
export function beyond(table: ArchiveTable, position: Position, alias: string): Fragment {
  const is = sql`true`
  if (position.at === 'usage' && table === 'tool_usage' && position.last !== null) {
    const { at, id } = position.last
    return sql`(t.at, t.id) > (${at}::timestamptz, ${id}::uuid)`
  }
  const key = KEYS[table]
  if (key === undefined || (position.at !== 'user' && position.at !== 'memory')) return is
  const user = columnList([key[0]], alias)
  if (position.at === 'user') return sql`${user} >= ${position.user}::text`
  if (table === 'users') return sql`${user} >= ${position.user}::text`
  if (key[1] === undefined) return sql`${user} > ${position.user}::text`
  const memory = columnList([key[1]], alias)
  return sql`(${user}, ${memory}) > (${position.user}::text, ${position.memory}::uuid)`
}
