import { type Statement, sql, statement } from './statement.js'

export interface UserRow {
  /** A name of the caller's, 1 to 512 characters. */
  id: string
  /** Any JSON object; empty unless given. */
  metadata: Record<string, unknown>
  /** When the first of its memories or sessions came, or it was made by itself. */
  createdAt: Date
}

const columns = sql`id, metadata, created_at as "createdAt"`

/** Makes the user if missing; metadata, when given, replaces what was there. */
export function upsertUser(id: string, metadata: string | null): Statement<UserRow> {
  return statement(sql`
    insert into users (id, metadata)
    values (${id}, coalesce(${metadata}::jsonb, '{}'::jsonb))
    on conflict (id) do update set metadata = coalesce(${metadata}::jsonb, users.metadata)
    returning ${columns}`)
}

export function selectUser(id: string): Statement<UserRow> {
  return statement(sql`select ${columns} from users where id = ${id}`)
}

/** Users in the order of their ids, after `after`. */
export function selectUsers(limit: number, after: string | null): Statement<UserRow> {
  return statement(sql`
    select ${columns}
    from users
    where ${after}::text is null or id > ${after}::text
    order by id
    limit ${limit}::int4`)
}
