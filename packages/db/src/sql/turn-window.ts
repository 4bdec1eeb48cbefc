import { type Fragment, integerLiteral, sql } from './statement.js'

/** How many steps away a turn may be whose words still count for another one. */
const WORDS_REACH = 2
/** A turn this near to one that was found may be a hit itself, on what its neighbours say. */
const RANKED_REACH = 1
/** Places between the turns of two sessions: more than any reach. */
const GAP = 8

/** Turns that are ranked, among all those of `turns`. */
export const isRanked: Fragment = sql`steps <= ${integerLiteral(RANKED_REACH)}`

/**
 * `turns (place, steps, user_id, id)`: the rows of `found`, and where neighbours lend, the turns around them in their
 * sessions. Turns that follow each other have places that do; what stands further apart, or in no session, does not.
 *
 * Of a ranked turn all within reach are there, so their places tell the truth; of those only there to lend they may not.
 */
export function turnWindow(lends: boolean, rows: Fragment): Fragment {
  if (!lends) {
    return sql`turns as materialized (
        select ${integerLiteral(GAP)} * row_number() over () as place, 0 as steps, user_id, id
        from found
      )`
  }
  const side = (comparison: Fragment, direction: Fragment) => sql`
            select b.*, row_number() over (order by b.created_at ${direction}, b.id ${direction}) as steps
            from (
              select m.id, m.created_at
              from memories m
              where m.user_id = s.user_id and m.session_id = s.session_id
                and (m.created_at, m.id) ${comparison} (s.created_at, s.id) and ${rows}
              order by m.created_at ${direction}, m.id ${direction}
              limit ${integerLiteral(RANKED_REACH + WORDS_REACH)}
            ) b`
  return sql`seeds as materialized (
        select m.user_id, m.id, m.session_id, m.created_at
        from found
        join memories m using (user_id, id)
      ),
      turns as materialized (
        select
          row_number() over (order by user_id, session_id, alone, created_at, id)
            + ${integerLiteral(GAP)} * dense_rank() over (order by user_id, session_id, alone) as place,
          steps, user_id, id
        from (
          select user_id, id, session_id, created_at, min(steps) as steps, case when session_id is null then id end as alone
          from (
            select user_id, id, session_id, created_at, 0 as steps
            from seeds
            union all
            select s.user_id, b.id, s.session_id, b.created_at, b.steps
            from seeds s
            cross join lateral (
              (${side(sql`<`, sql`desc`)})
              union all
              (${side(sql`>`, sql`asc`)})
            ) b
          ) near
          group by user_id, id, session_id, created_at
        ) distinct_turns
      )`
}

/** `column` of the turn so many steps after this one, null where there is none; over `window session as (order by place)`. */
export function beside(column: Fragment, steps: number): Fragment {
  const side = steps < 0 ? sql`lag` : sql`lead`
  const count = integerLiteral(Math.abs(steps))
  const place = steps < 0 ? sql`place - ${count}` : sql`place + ${count}`
  return sql`
          case when ${side}(place, ${count}) over session = ${place} then ${side}(${column}, ${count}) over session end`
}

/** The `scores` of the turns one and two steps before and after, as columns for {@link heardWords}. */
export const scoresBeside: Fragment = sql`${beside(sql`scores`, -1)} as before_1, ${beside(sql`scores`, 1)} as after_1,
          ${beside(sql`scores`, -2)} as before_2, ${beside(sql`scores`, 2)} as after_2`

/**
 * What a turn says to the question by its words and by those of its neighbours. Word by word the best of them counts: a
 * name said once need not be said again, and a word that all of them have counts once.
 */
export function heardWords(lend: number): Fragment {
  return sql`coalesce((
            select sum(greatest(own, ${lend}::float8 * greatest(b1, a1), ${lend / 2}::float8 * greatest(b2, a2)))
            from unnest(scores, before_1, after_1, before_2, after_2) as word (own, b1, a1, b2, a2)
          ), 0)`
}
