import type { SchemaNames } from './schema-facts.js'
import { type Statement, sql, statement } from './statement.js'

export interface HomeFacts {
  /** Where the tables are. */
  schema: string
  /** Whose they are. */
  owner: string
  ownedBySuperuser: boolean
  /** The role that scoped calls run as; null while row-level security is off. */
  scopeRole: string | null
  /** Tables whose rows the policies show to another than their owner, as after they were given away. */
  shutOut: string[]
}

/** Of the tables as a whole, after `memories`; no row where that is not there. */
export const selectHome = statement<HomeFacts>(sql`
  select
    n.nspname::text as schema, r.rolname::text as owner, r.rolsuper as "ownedBySuperuser",
    (
      select s.rolname::text
      from pg_policy p
      join pg_roles s on s.oid = p.polroles[1]
      where p.polrelid = c.oid and p.polname = 'funes_scope' and c.relrowsecurity
    ) as "scopeRole",
    array(
      select held.relname::text
      from pg_policy p
      join pg_class held on held.oid = p.polrelid and held.relnamespace = c.relnamespace
      join pg_roles o on o.oid = held.relowner
      where p.polname = 'funes_scope' and held.relrowsecurity and not o.rolsuper and not o.rolbypassrls
        and not exists (
          select from pg_policy e
          where e.polrelid = held.oid and e.polname = 'funes_everyone' and held.relowner = any (e.polroles)
        )
      order by 1
    ) as "shutOut"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_roles r on r.oid = c.relowner
  where c.oid = to_regclass('memories')`)

export interface OwnedObject {
  /** As `alter` calls it. */
  kind: 'table' | 'view' | 'function' | 'type'
  /** With its schema, quoted where it must be. */
  name: string
  owner: string
  /**
   * Whether the owner of `memories` may not do with it what is the owner's, or it acts with the rights of one who may not do with
   * the tables what it does.
   */
  isForeign: boolean
}

/**
 * Everything that migrations made and that has an owner of its own: tables with their partitions, views, functions, types. Indexes and
 * sequences are those of their table's owner. Functions of other releases are known by what their names begin with.
 */
export function selectOwned({ tables, views, functions, types }: SchemaNames): Statement<OwnedObject> {
  return statement(sql`
    with home as (select relnamespace as space, relowner as owner from pg_class where oid = to_regclass('memories')),
    named as (
      select c.oid, c.relkind
      from home
      join pg_class c on c.relnamespace = home.space and c.relkind in ('r', 'p', 'v')
      where c.relname = any (${[...tables, ...views, '_prisma_migrations']}::text[])
    ),
    relations as (
      select oid from named
      union
      select part.relid from named cross join lateral pg_partition_tree(named.oid) part where named.relkind = 'p'
    ),
    objects as (
      select
        case c.relkind when 'v' then 'view' else 'table' end as kind, c.relnamespace as space, c.relname as name,
        '' as arguments, c.relowner as owner, c.relkind = 'v' as acts
      from relations
      join pg_class c on c.oid = relations.oid
      union all
      select 'function', p.pronamespace, p.proname, '(' || oidvectortypes(p.proargtypes) || ')', p.proowner, p.prosecdef
      from home
      join pg_proc p on p.pronamespace = home.space
      where (p.proname = any (${[...functions]}::text[]) or p.proname ~ '^(funes|tool_usage)_')
        and not exists (
          select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
      union all
      select 'type', t.typnamespace, t.typname, '', t.typowner, false
      from home
      join pg_type t on t.typnamespace = home.space
      where t.typname = any (${[...types]}::text[])
    )
    select
      o.kind, format('%I.%I', n.nspname, o.name) || o.arguments as name, r.rolname::text as owner,
      o.owner <> home.owner and (
        not pg_has_role(home.owner, o.owner, 'usage') or o.acts and not pg_has_role(o.owner, home.owner, 'usage')
      ) as "isForeign"
    from objects o
    cross join home
    join pg_namespace n on n.oid = o.space
    join pg_roles r on r.oid = o.owner
    order by array_position(array['table', 'view', 'function', 'type'], o.kind), 2`)
}
