import type { Executor } from '../engine/executor.js'
import { funesError } from '../errors/funes-error.js'
import { migrations } from '../generated/migrations.js'
import { selectUserTables, type UserTable } from '../sql/purge.js'

/** What of the database holds rows of users. */
export interface UserTables {
  /** Those of Funes, each before the ones that it refers to, `users` last. Partitioned tables stand for their partitions. */
  readonly own: readonly UserTable[]
  /** The partitions of those. */
  readonly parts: readonly UserTable[]
  /** Other people's. */
  readonly foreign: readonly UserTable[]
}

/** The names of all tables that a migration of Funes makes. */
export function ownTableNames(shipped: readonly { sql: string }[] = migrations): Set<string> {
  const made = shipped.flatMap(({ sql }) => [
    ...sql.matchAll(/^\s*create table (?:if not exists )?"?([a-z_][a-z0-9_]*)"?/gim),
  ])
  return new Set(made.map(([, name]) => name as string))
}

/** Puts every table before the ones that it refers to, at whatever remove, and `users` last. */
export function referringFirst<T extends Pick<UserTable, 'name' | 'refersTo'>>(tables: readonly T[]): T[] {
  const byName = new Map(tables.map((table) => [table.name, table]))
  const ordered: T[] = []
  const seen = new Set<string>()
  function visit(table: T): void {
    if (seen.has(table.name)) return
    seen.add(table.name)
    for (const name of table.refersTo) {
      const other = byName.get(name)
      if (other !== undefined) visit(other)
    }
    ordered.unshift(table)
  }
  const users = byName.get('users')
  if (users !== undefined) visit(users)
  for (const table of tables) visit(table)
  return ordered
}

/** Whether every row of the table stands and falls with a row of `users`, so that locking that one keeps new ones from coming. */
export function standsOnUsers(
  table: Pick<UserTable, 'name' | 'standsOn'>,
  tables: readonly Pick<UserTable, 'name' | 'standsOn'>[],
): boolean {
  const reached = new Set([table.name])
  for (const name of reached) {
    for (const next of tables.find((one) => one.name === name)?.standsOn ?? []) reached.add(next)
  }
  return reached.has('users')
}

/**
 * Asks the catalogue which tables hold rows of users.
 *
 * @throws `PURGE.HIDDEN` when row-level security keeps rows of Funes' own from this role
 */
export async function readUserTables(executor: Executor): Promise<UserTables> {
  const found = await executor.run(selectUserTables)
  const names = ownTableNames()
  const own = referringFirst(found.filter(({ name, root }) => root === null && names.has(name)))
  const roots = new Set(own.map(({ name }) => name))
  const parts = found.filter(({ root }) => root !== null && roots.has(root))
  const ours = new Set([...own, ...parts])
  const hidden = own.filter(({ isHidden }) => isHidden)
  if (hidden.length > 0) {
    throw funesError('PURGE.HIDDEN', 'Row-level security hides rows of users from this role.', {
      fix: 'Purge as the owner of the tables or as a role with BYPASSRLS.',
      meta: { tables: hidden.map(({ name }) => name) },
    })
  }
  return { own, parts, foreign: found.filter((table) => !ours.has(table)) }
}
