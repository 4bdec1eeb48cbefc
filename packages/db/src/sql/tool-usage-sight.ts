import { type Fragment, type Statement, sql, statement } from './statement.js'

/**
 * Which usages a role sees: of all users, or, under row-level security, those of all users where a statement says that it means
 * them, those of the scope that it is in, or none.
 */
export type Sight = 'all' | 'on-demand' | 'own' | 'none'

export interface SightRow {
  sight: Sight
  /** What the session has said of it by now. */
  scope: string
}

const isUnder = (policy: Fragment): Fragment => sql`exists (
        select from pg_policy p
        where p.polrelid = 'tool_usage'::regclass and p.polname = ${policy}
          and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'usage'))
      )`

/** The columns of {@link SightRow}. */
export const sightColumns: Fragment = sql`
      case
        when not row_security_active('tool_usage'::regclass) then 'all'
        when ${isUnder(sql`'funes_everyone'`)} then 'on-demand'
        when (current_setting('funes.user_id', true) <> '' or current_setting('funes.tenant_id', true) <> '')
          and ${isUnder(sql`'funes_scope'`)} then 'own'
        else 'none'
      end as sight,
      coalesce(current_setting('funes.scope', true), '') as scope`

/** {@link SightRow}, and from when on the rows are all there. */
export const selectSight: Statement<SightRow & { rawFrom: Date | null }> = statement(sql`
    select
      (select raw_from from tool_usage_retention) as "rawFrom", ${sightColumns}`)

/** That rows of all users are meant, read before any row: where row-level security asks, a policy looks for it. */
export function meant(ofAllUsers: boolean): Fragment {
  return ofAllUsers
    ? sql`(select set_config('funes.scope', 'all-users', true) as scope offset 0)`
    : sql`(select '' as scope)`
}

/**
 * A statement that means the rows of all users, for a transaction that goes on after it: what was said before is said again once
 * all of its rows are there, in the same statement, so that no other one comes in between. Rows stay in order.
 */
export function meantOnce<Row>(of: Statement<Row>, scope: string): Statement<Row> {
  return statement(sql`
    with answer as materialized (${of.sql}
    ),
    said as materialized (
      select set_config('funes.scope', ${scope}::text, true) as scope
      from (select count(*) as n from answer) as all_of_it
      where n >= 0
    )
    select answer.*
    from said
    cross join lateral (select * from answer where said.scope is not null offset 0) as answer`)
}
