import { candidates } from './candidate-rows.js'
import { exactDistance } from './distance.js'
import { memoryColumns } from './memory-columns.js'
import type { Question, SearchPlan, SearchRow } from './memory-search.js'
import { integerLiteral, nothing, type Statement, sql, statement } from './statement.js'

/** Where a page ended: its last hit. */
export interface PageEnd {
  distance: number
  id: string
  userId: string
}

export type SearchPage = Pick<SearchPlan, 'space' | 'filter' | 'k'> & Question & { after: PageEnd | null }

/**
 * The next of all memories by exact distance, and by id where distances are equal: an order that is the same every time,
 * so that a page begins where the one before ended, whatever has been stored or deleted in between.
 */
export function searchPage(search: SearchPage): Statement<SearchRow> {
  const { space, query, userId, k, after } = search
  const distance = exactDistance(space, sql`e.embedding`, sql`${query}::vector`)
  const user = userId === null ? nothing : sql`and e.user_id = ${userId}`
  const rest =
    after === null
      ? nothing
      : sql`where (h.distance, h.memory_id, h.user_id) > (${after.distance}::float8, ${after.id}::uuid, ${after.userId}::text)`
  return statement(sql`
    select ${memoryColumns}, hit.distance
    from (
      select h.*
      from (
        select e.user_id, e.memory_id, ${distance} as distance
        from memory_embeddings e
        where ${candidates(search, user)}
      ) h
      ${rest}
      order by h.distance, h.memory_id, h.user_id
      limit ${integerLiteral(k)}
    ) hit
    join memories m on m.user_id = hit.user_id and m.id = hit.memory_id
    order by hit.distance, m.id, m.user_id`)
}
