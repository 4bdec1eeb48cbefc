import { MEMORIES } from './collection.js'
import { filterCondition } from './memory-filter.js'
import type { Asked, SearchPlan } from './memory-search.js'
import { type Fragment, integerLiteral, join, nothing, sql } from './statement.js'

/** Which rows of `e` are searched at all, but for the filter; `user` is written so that an index on it can serve, or not. */
export function searchable(search: Pick<SearchPlan, 'space'>, user: Fragment): Fragment {
  return sql`
    e.model_id = ${integerLiteral(search.space.id)} and e.active
    and (e.expires_at is null or e.expires_at > now())
    ${user}`
}

/**
 * What a row's memory `m` must be, or null when any will do.
 *
 * What is deleted has no active vector, so that need not be asked again where `e` is joined. It is, for the planner: no index
 * has `deleted_at` and all else, so a memory is looked up by its primary key. An index that had all that a filter asks for, by
 * the session or the time, was read alone and through all of the user's entries: 0.3 ms a look, and 270 looks a search.
 */
export function wanted({ filter, condition }: Pick<SearchPlan, 'filter' | 'condition'>): Fragment | null {
  const parts = [filter === undefined ? [] : filterCondition(filter), condition ?? []].flat()
  return parts.length === 0 ? null : sql`(m.deleted_at is null and ${join(parts, ' and ')})`
}

/** What is searched: memories unless the plan says otherwise. */
export const of = ({ collection = MEMORIES }: Pick<SearchPlan, 'collection'>) => collection

/** Which rows of `e` are searched at all, with the filter. */
export function candidates(
  search: Pick<SearchPlan, 'space' | 'filter' | 'condition' | 'collection'>,
  user: Fragment,
): Fragment {
  const condition = wanted(search)
  const memory =
    condition === null
      ? nothing
      : sql`and exists (
          select from ${of(search).rows} m where m.user_id = e.user_id and m.id = e.memory_id and ${condition}
        )`
  return sql`${searchable(search, user)} ${memory}`
}

export function ofUser({ user }: Pick<Asked, 'user'>): Fragment {
  return user === null ? nothing : sql`and e.user_id = ${user}`
}

/** The same condition in a form no btree serves: else the planner may sort the user's rows instead of asking the vector index. */
export function ofUserAfterIndex({ user }: Asked): Fragment {
  return user === null ? nothing : sql`and coalesce(e.user_id = ${user}, false)`
}
