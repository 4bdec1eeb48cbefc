import type pg from 'pg'

export interface SeededUser {
  readonly id: string
  readonly memories: number
}

const SELECT_USERS = `
  select m.user_id as id, count(*)::int4 as memories
  from memories m
  join users u on u.id = m.user_id
  where u.metadata ->> 'seed' = $1
  group by m.user_id
  order by memories desc, id`

/** The user with most memories, one in the middle, and the one with fewest. */
export async function chooseUsers(pool: pg.Pool, run: string): Promise<SeededUser[]> {
  const { rows } = await pool.query(SELECT_USERS, [run])
  const places = new Set([0, Math.floor(rows.length / 2), rows.length - 1])
  return [...places].flatMap((place) => rows[place] ?? [])
}
