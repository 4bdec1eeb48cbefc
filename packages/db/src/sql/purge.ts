import {
  type Fragment,
  integerLiteral,
  join,
  nothing,
  type Statement,
  sql,
  statement,
  trusted,
} from './statement.js'

/** A table that holds rows of users, as the catalogue has it. */
export interface UserTable {
  name: string
  /** Schema and name, quoted by the server: the one text that becomes part of a statement though it is not of this package. */
  identifier: string
  /** `user_id`, or `id` of `users` itself. */
  column: 'user_id' | 'id'
  /** Whether that column is text, as in all of Funes' own. */
  isText: boolean
  /** The partitioned table that it is a part of, at whatever depth; null when it stands by itself. */
  root: string | null
  /** Whether this role may read all of its rows. */
  isReadable: boolean
  /** Whether row-level security keeps rows from this role, `funes.scope` notwithstanding. */
  isHidden: boolean
  /** Whether this role may vacuum it. */
  isVacuumable: boolean
  /** The tables that its foreign keys refer to. */
  refersTo: string[]
  /** Those among them that every row refers to, as no column of the key may be null. */
  standsOn: string[]
}

/** The tables that foreign keys of the table `c` refer to, those of keys with a `condition` on the constraint `k`. */
const referred = (condition: Fragment): Fragment => sql`
    array(
      select distinct r.relname::text
      from pg_constraint k
      join pg_class r on r.oid = k.confrelid
      where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid ${condition}
    )`

/** For what follows in the transaction: that rows of all users are meant, where row-level security asks. */
export const meanAllUsers = statement<never>(sql`select set_config('funes.scope', 'all-users', true)`)

/**
 * Every table in the schema of `memories` that has a column `user_id`, whoever made it, and `users`: tables and partitioned
 * tables, their partitions, materialized views and foreign tables.
 */
export const selectUserTables = statement<UserTable>(sql`
  select
    c.relname::text as name, format('%I.%I', n.nspname, c.relname) as identifier, a.attname::text as column,
    a.atttypid in ('text'::regtype, 'varchar'::regtype) as "isText",
    case when c.relispartition then (select r.relname::text from pg_class r where r.oid = pg_partition_root(c.oid)) end as root,
    has_table_privilege(c.oid, 'select') as "isReadable",
    row_security_active(c.oid) and not exists (
      select from pg_policy p
      where p.polrelid = c.oid and p.polname = 'funes_everyone'
        and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'usage'))
    ) as "isHidden",
    pg_has_role(c.relowner, 'usage') or pg_has_role(d.datdba, 'usage') as "isVacuumable",
    ${referred(nothing)} as "refersTo",
    ${referred(sql`and not exists (
        select from pg_attribute x
        where x.attrelid = c.oid and x.attnum = any (k.conkey) and not x.attnotnull
      )`)} as "standsOn"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_database d on d.datname = current_database()
  where c.relnamespace = (select relnamespace from pg_class where oid = 'memories'::regclass)
    and (c.relkind in ('r', 'p', 'f') or (c.relkind = 'm' and c.relispopulated))
    and (a.attname = 'user_id' or (c.oid = 'users'::regclass and a.attname = 'id'))
  order by c.relname`)

const tableOf = ({ identifier }: UserTable): Fragment => trusted(identifier)

/** The rows of a user in a table `t`. */
function isOf({ column, isText }: UserTable, userId: string): Fragment {
  if (column === 'id') return sql`t.id = ${userId}`
  return isText ? sql`t.user_id = ${userId}` : sql`t.user_id::text = ${userId}`
}

/** How many rows of the user each of these tables has, `place` being its place among them. */
export function countUserRows(
  tables: readonly UserTable[],
  userId: string,
): Statement<{ place: number; rows: number }> {
  const counts = tables.map(
    (table, place) => sql`
      select ${integerLiteral(place)} as place, count(*)::float8 as rows from ${tableOf(table)} t where ${isOf(table, userId)}`,
  )
  return statement(join(counts, ' union all '), { prepare: false })
}

/**
 * Removes rows of the user, up to `size` of them, or all of them. By their place in the table: among rows that were removed
 * before, an index on the user alone would be walked from its beginning every time.
 */
export function removeUserRows(
  table: UserTable,
  userId: string,
  size: number | null,
): Statement<{ removed: number }> {
  const rows = isOf(table, userId)
  const some =
    size === null
      ? nothing
      : sql`and t.ctid = any (array(select t.ctid from ${tableOf(table)} t where ${rows} limit ${integerLiteral(size)}))`
  return statement(
    sql`
    with gone as (
      delete from ${tableOf(table)} t
      where ${rows} ${some}
      returning 1
    )
    select count(*)::float8 as removed
    from gone`,
    { prepare: false },
  )
}

/** Makes the user where missing, so that there is a row to lock: whoever stores for it waits from here on. */
export function claimUser(userId: string): Statement<{ id: string }> {
  return statement(sql`insert into users (id) values (${userId}) on conflict (id) do nothing returning id`)
}

export function lockUser(userId: string): Statement<{ id: string }> {
  return statement(sql`select id from users where id = ${userId} for update`)
}

/** Lets no write of the table begin, and waits for those under way; reading goes on. */
export function lockTableWrites(table: UserTable): Statement<never> {
  return statement(sql`lock table ${tableOf(table)} in share row exclusive mode`, { prepare: false })
}

/**
 * Takes removed rows out of the tables and out of every index. By itself a vacuum leaves the indexes alone where few rows
 * are gone. Not in a transaction.
 */
export function vacuumTables(tables: readonly UserTable[]): Statement<never> {
  return statement(sql`vacuum (index_cleanup on) ${join(tables.map(tableOf))}`, { prepare: false })
}
