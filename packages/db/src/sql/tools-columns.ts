import type { Tool } from '../tools/types.js'
import { contentMark } from './reembed.js'
import { type Fragment, sql } from './statement.js'

/** A row of `tools` as it leaves the database: the public shape itself. */
export type ToolRow = Tool

/** The columns of a {@link Tool}, of the table or alias `t`. */
export const toolColumns: Fragment = sql`
  t.name, t.description, t.parameters, t.tags, t.enabled, t.version, t.language::text as language,
  t.created_at as "createdAt", t.updated_at as "updatedAt", t.removed_at as "removedAt"`

/** What a vector is marked with that was made of this name and description. */
export function toolMark(name: Fragment, description: Fragment): Fragment {
  return contentMark(sql`sha256(convert_to(${name} || ': ' || ${description}, 'UTF8'))`)
}
