import { type Fragment, type Statement, sql, statement } from './statement.js'

/** Whose rows are seen: one user's, or those of a tenant's users. */
export type ScopeKey = { readonly userId: string } | { readonly tenantId: string }

/** The tables under the policy that the migration made, as `c`, and the policy itself as `p`. */
const protectedTables: Fragment = sql`
      pg_policy p
      join pg_class c on c.oid = p.polrelid and c.relnamespace = (
        select relnamespace from pg_class where oid = to_regclass('memories')
      )
      left join pg_roles r on r.oid = p.polroles[1]
      where p.polname = 'funes_scope'`

/** Whether a table's policy is awake and holds for its owner too. */
const isAwake: Fragment = sql`(c.relrowsecurity and c.relforcerowsecurity and r.rolname is not null)`

/** What a transaction's settings were before a scope was entered, and whether the policies hold in it. */
export interface BeforeScope {
  isOn: boolean
  role: string
  userId: string
  tenantId: string
  scope: string
}

/**
 * Enters a scope until the transaction or savepoint ends: says whose rows are seen, and takes on the role that is held to it.
 * Every value is a parameter or comes from the catalogue; nothing is written into the text.
 */
export function enterScope(key: ScopeKey): Statement<BeforeScope> {
  const userId = 'userId' in key ? key.userId : ''
  const tenantId = 'tenantId' in key ? key.tenantId : ''
  // Materialized, as what was set before must be read before it is set.
  return statement(sql`
    with before as materialized (
      select
        current_setting('role') as role,
        coalesce(current_setting('funes.user_id', true), '') as user_id,
        coalesce(current_setting('funes.tenant_id', true), '') as tenant_id,
        coalesce(current_setting('funes.scope', true), '') as scope
    ),
    protection as materialized (
      select coalesce(bool_and(${isAwake}), false) as is_on, min(r.rolname::text) as role
      from ${protectedTables}
    )
    select
      protection.is_on as "isOn",
      before.role, before.user_id as "userId", before.tenant_id as "tenantId", before.scope,
      set_config('funes.user_id', ${userId}, true) as entered_user,
      set_config('funes.tenant_id', ${tenantId}, true) as entered_tenant,
      set_config('funes.scope', '', true) as entered_scope,
      set_config('role', coalesce(protection.role, before.role), true) as entered_role
    from before
    cross join protection`)
}

/** The user, where it is seen: of a tenant's scope only that tenant's are. */
export function selectSeenUser(userId: string): Statement<{ id: string }> {
  return statement(sql`select id from users where id = ${userId}`)
}

/** Puts the settings back, where the transaction goes on after the scope. */
export function leaveScope(before: BeforeScope): Statement<never> {
  return statement(sql`
    select
      set_config('role', ${before.role}, true) as role, set_config('funes.user_id', ${before.userId}, true) as user_id,
      set_config('funes.tenant_id', ${before.tenantId}, true) as tenant_id,
      set_config('funes.scope', ${before.scope}, true) as scope`)
}

export interface ProtectionRow {
  name: string
  isProtected: boolean
  /** The role that scoped calls run as; null while asleep. */
  role: string | null
}

/** Each table that holds user data, and whether its policy is awake. */
export const selectProtection = statement<ProtectionRow>(sql`
    select c.relname::text as name, ${isAwake} as "isProtected", r.rolname::text as role
    from ${protectedTables}
    order by c.relname`)

/** Whether the role of this connection passes all policies by, and whether the connection says that it means all users. */
export const selectBypass = statement<{ bypasses: boolean; meansAllUsers: boolean }>(sql`
    select
      coalesce(bool_or(r.rolsuper or r.rolbypassrls), false) as bypasses,
      coalesce(current_setting('funes.scope', true), '') = 'all-users' as "meansAllUsers"
    from pg_roles r
    where r.rolname = current_user`)

/** The SQLSTATE of a role that the application cannot run as. */
export const ROLE_REFUSED = 'FNT01'

export function enableTenancy(role: string): Statement<never> {
  return statement(sql`select funes_tenancy_enable(${role}::text)`)
}

export const disableTenancy = statement<never>(sql`select funes_tenancy_disable()`)

/** Makes the user a tenant's, or nobody's, and makes it at all where missing. */
export function assignTenant(userId: string, tenantId: string | null): Statement<never> {
  return statement(sql`
    insert into users (id, tenant_id)
    values (${userId}, ${tenantId}::text)
    on conflict (id) do update set tenant_id = excluded.tenant_id`)
}

/**
 * Makes the users that are missing. In a tenant's scope it comes before what it is for: a policy asks the users as they were
 * when the statement began.
 */
export function insertUsers(userIds: readonly string[]): Statement<never> {
  return statement(sql`
    insert into users (id)
    select id from unnest(${[...userIds]}::text[]) id
    order by id
    on conflict (id) do nothing`)
}
