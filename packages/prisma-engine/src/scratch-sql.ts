/** Where the first oid given to anything a user makes is. */
const FIRST_USER_OID = 16384

const DROP_ALL = `
do $wipe$
declare
  statement text;
begin
  for statement in
    select format('drop event trigger if exists %I cascade', evtname) from pg_event_trigger
    union all
    select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
    union all
    select format('drop publication if exists %I cascade', pubname) from pg_publication
    union all
    select format('drop foreign data wrapper if exists %I cascade', fdwname) from pg_foreign_data_wrapper
    union all
    select format('drop schema if exists %I cascade', nspname) from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
  loop
    execute statement;
  end loop;
  for statement in select quote_ident(rolname) from pg_roles where oid >= ${FIRST_USER_OID} loop
    execute 'drop owned by ' || statement || ' cascade';
    execute 'drop role ' || statement;
  end loop;
  execute format('alter database %I reset all', current_database());
  execute format('alter role %I reset all', current_user);
end
$wipe$;
create schema public authorization pg_database_owner;
grant usage on schema public to public;
comment on schema public is 'standard public schema'
`

/**
 * Takes away whatever scripts can have left in a session and its database: after these, `COUNT_LEFTOVERS` finds
 * nothing. One by one, because `discard all` runs in no transaction.
 */
export const WIPE = ['rollback', 'discard all', DROP_ALL, 'discard all'] as const

const COUNTED = [
  'pg_am',
  'pg_cast',
  'pg_class',
  'pg_event_trigger',
  'pg_extension',
  'pg_foreign_data_wrapper',
  'pg_largeobject_metadata',
  'pg_proc',
  'pg_publication',
  'pg_roles',
  'pg_transform',
  'pg_type',
]

/** Counts what is in a database that a new one has not. */
export const COUNT_LEFTOVERS = `
select (${COUNTED.map((table) => `(select count(*) from ${table} where oid >= ${FIRST_USER_OID})`).join(' + ')}
  + (select count(*) from pg_namespace where oid >= ${FIRST_USER_OID} and nspname <> 'public' and nspname !~ '^pg_')
  + (select count(*) from pg_db_role_setting)
  + (select count(*) from pg_default_acl))::int as leftovers
`
