import pg from 'pg'

/** Makes a schema new and empty, extensions in it included. */
export function recreateSchema(schema: string): string {
  const name = pg.escapeIdentifier(schema)
  return `drop schema if exists ${name} cascade; create schema ${name}`
}

/**
 * Empties a schema object by object. For a role that may not drop the schema, or an extension that somebody else has
 * put in it: extensions and what is theirs stay.
 */
export function emptySchema(schema: string): string {
  return `
do $empty$
declare
  target constant oid := (select oid from pg_namespace where nspname = ${pg.escapeLiteral(schema)});
  statement text;
begin
  for statement in
    select format('drop %s if exists %s cascade', case relkind
        when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table'
        else 'table' end, c.oid::regclass)
    from pg_class c
    where relnamespace = target and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('e', 'i'))
    union all
    select format('drop routine if exists %s cascade', p.oid::regprocedure)
    from pg_proc p
    where pronamespace = target
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    union all
    select format('drop type if exists %s cascade', t.oid::regtype)
    from pg_type t
    where typnamespace = target and typtype in ('e', 'd', 'r', 'c')
      and (typrelid = 0 or (select relkind from pg_class where oid = typrelid) = 'c')
      and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype in ('e', 'i'))
  loop
    execute statement;
  end loop;
end
$empty$`
}
