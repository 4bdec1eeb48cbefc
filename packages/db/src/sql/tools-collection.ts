import type { Collection } from './collection.js'
import { type Fragment, join, sql } from './statement.js'

/** Which tools of `t` are meant; what is left out does not narrow. */
export interface ToolConditions {
  names?: readonly string[] | undefined
  /** All of these. */
  tags?: readonly string[] | undefined
  /** At least one of these. */
  anyTag?: readonly string[] | undefined
  /** None of these. */
  noTag?: readonly string[] | undefined
  enabled?: boolean | undefined
  /** Whether removed ones are meant too. */
  removed?: boolean | undefined
}

/** The conditions on the row `t` of `tools`, never null. */
export function toolCondition(of: ToolConditions): Fragment {
  const parts = [sql`true`]
  if (of.names !== undefined) parts.push(sql`t.name = any (${of.names}::text[])`)
  if (of.tags !== undefined) parts.push(sql`t.tags @> ${of.tags}::text[]`)
  if (of.anyTag !== undefined) parts.push(sql`t.tags && ${of.anyTag}::text[]`)
  if (of.noTag !== undefined) parts.push(sql`not t.tags && ${of.noTag}::text[]`)
  if (of.enabled !== undefined) parts.push(of.enabled ? sql`t.enabled` : sql`not t.enabled`)
  if (!of.removed) parts.push(sql`t.removed_at is null`)
  return join(parts, ' and ')
}

/**
 * Tools as what is searched: of nobody in particular, with the words that they are found by as their content. The planner
 * pulls both subqueries up, so that the indexes of the tables serve.
 */
export function toolCollection(condition: Fragment): Collection {
  return {
    rows: sql`(
      select ''::text as user_id, t.id, t.search_text as content, t.search, null::timestamptz as deleted_at, null::timestamptz as expires_at
      from tools t
      where ${condition}
    )`,
    vectors: sql`(
      select
        ''::text as user_id, tool_id as memory_id, model_id, true as active, null::timestamptz as expires_at, embedding
      from tool_embeddings
    )`,
    vectorTable: sql`'tool_embeddings'`,
    isSpoken: false,
  }
}
