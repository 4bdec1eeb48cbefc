-- Row-level security, asleep until `funes.tenancy.enable()` or `select funes_tenancy_enable()` wakes it.

-- The group that a user belongs to. Whoever is made in the scope of a tenant is that tenant's, without a word in any
-- statement that makes users.
alter table "users"
  add column "tenant_id" text,
  add constraint "users_tenant_id_not_empty" check ("tenant_id" <> '');
create function "funes_current_tenant"() returns text
language sql stable as $$ select nullif(current_setting('funes.tenant_id', true), '') $$;
alter table "users" alter column "tenant_id" set default funes_current_tenant();
create index "users_tenant_idx" on "users" ("tenant_id", "id");

-- Each setting stands in a subquery of its own, so that it is read once a statement and not once a row. A setting that is
-- missing is null or empty, and no user and no tenant has such a name: nothing is seen.
create policy "funes_scope" on "users" using (
  "id" = (select current_setting('funes.user_id', true))
  or "tenant_id" = (select current_setting('funes.tenant_id', true))
);

-- "or" is wanted beyond its meaning: as a bare equality the condition could serve a btree, and the planner would sort one
-- user's vectors instead of asking the vector index. Statements that name their user use the primary key by themselves.
do $$
declare
  name text;
begin
  foreach name in array array[
    'sessions', 'memories', 'memory_access', 'memory_history', 'memory_embeddings', 'tool_usage'
  ]
  loop
    execute format(
      $policy$
      create policy "funes_scope" on %1$I using (
        "user_id" = (select current_setting('funes.user_id', true))
        or (
          (select current_setting('funes.tenant_id', true)) <> ''
          and exists (
            select from "users" u
            where u."id" = %1$I."user_id" and u."tenant_id" = (select current_setting('funes.tenant_id', true))
          )
        )
      )
      $policy$,
      name
    );
  end loop;
end
$$;

-- The tables that carry the policy, wherever the rest of this file needs them.
create function "funes_tenancy_tables"() returns table ("relation" regclass, "owner" regrole)
language sql stable as $$
  select c.oid::regclass, c.relowner::regrole
  from pg_policy p
  join pg_class c on c.oid = p.polrelid
  where p.polname = 'funes_scope'
    and c.relnamespace = (select relnamespace from pg_class where oid = 'memories'::regclass)
  order by c.relname
$$;

-- A policy of a partitioned table does not hold for who reads a partition by its own name: without a policy of their own they
-- show nothing to anybody but the owner, who makes and drops them.
create function "funes_tenancy_parts"("relation" regclass, "action" text) returns void
language plpgsql as $$
declare
  part regclass;
begin
  for part in select relid from pg_partition_tree(relation) where relid <> relation loop
    execute format('alter table %s %s row level security', part, case action when 'enable' then 'enable' else 'disable' end);
  end loop;
end
$$;

-- Turns row-level security on, for the tables' owner too. Scoped calls run as "app_role", which is made when missing, and
-- which an application may log in as, through a login role that is a member of it.
create function "funes_tenancy_enable"("app_role" text default 'funes_app') returns void
language plpgsql as $$
declare
  one record;
  granted text;
begin
  if app_role !~ '^[^[:cntrl:]]{1,63}$' or octet_length(app_role) > 63 or app_role ~ '^pg_' or lower(app_role) in ('none', 'public') then
    raise exception 'not a name that the role of an application can have' using errcode = 'FNT01';
  end if;
  if not exists (select from pg_roles where rolname = app_role) then
    begin
      execute format('create role %I nologin', app_role);
    exception
      -- Roles are the whole server's: another database may make it at the same moment.
      when duplicate_object or unique_violation then null;
    end;
  end if;
  if exists (
    select from pg_roles r
    where r.rolname = app_role
      and (
        r.rolsuper or r.rolbypassrls
        or exists (select from funes_tenancy_tables() t where pg_has_role(r.oid, t.owner, 'member'))
      )
  ) then
    raise exception 'the role is not held to row-level security' using errcode = 'FNT01';
  end if;
  -- Since version 16 to be a member of a role is not yet to be allowed to take it on.
  if not pg_has_role(
    session_user, app_role,
    case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end
  ) then
    execute format('grant %I to %I', app_role, session_user);
  end if;

  for one in
    select n.oid::regnamespace as name
    from pg_namespace n
    where not has_schema_privilege(app_role, n.oid, 'usage')
      and (
        n.oid = (select relnamespace from pg_class where oid = 'memories'::regclass)
        or n.oid = (select extnamespace from pg_extension where extname = 'vector')
      )
  loop
    execute format('grant usage on schema %s to %I', one.name, app_role);
  end loop;

  for one in select * from funes_tenancy_tables() loop
    execute format('alter policy "funes_scope" on %s to %I', one.relation, app_role);
    execute format('drop policy if exists "funes_everyone" on %s', one.relation);
    -- What concerns all users (a new model, a purge, an export) is the owner's, and has to be asked for by name.
    execute format(
      $policy$
      create policy "funes_everyone" on %s to %s
        using ((select current_setting('funes.scope', true)) = 'all-users')
      $policy$,
      one.relation, one.owner
    );
    execute format('alter table %s enable row level security, force row level security', one.relation);
    perform funes_tenancy_parts(one.relation, 'enable');
    if one.relation <> 'users'::regclass then
      execute format('grant select, insert, update, delete on %s to %I', one.relation, app_role);
    end if;
  end loop;

  -- Nobody moves into another tenant.
  select string_agg(format('%I', attname), ', ') into granted
  from pg_attribute
  where attrelid = 'users'::regclass and attnum > 0 and not attisdropped and attname <> 'tenant_id';
  execute format('grant select, delete, insert (%1$s), update (%1$s) on users to %2$I', granted, app_role);

  -- What belongs to no user: of usages that is how often everybody together called a tool, which ranks tools.
  foreach granted in array array[
    'embedding_models', 'tools', 'tool_versions', 'tool_embeddings', 'tool_usage_rollups', 'tool_usage_deltas',
    'tool_usage_retention', '_prisma_migrations'
  ]
  loop
    if to_regclass(granted) is not null then
      execute format('grant select on %I to %I', granted, app_role);
    end if;
  end loop;
  -- Storing holds the model's row "for share", which asks for the right to update some column of it.
  execute format('grant update ("created_at") on embedding_models to %I', app_role);
end
$$;

-- Turns row-level security off. The role stays, with its rights.
create function "funes_tenancy_disable"() returns void
language plpgsql as $$
declare
  one record;
begin
  for one in select * from funes_tenancy_tables() loop
    execute format('alter table %s no force row level security, disable row level security', one.relation);
    perform funes_tenancy_parts(one.relation, 'disable');
    execute format('drop policy if exists "funes_everyone" on %s', one.relation);
    execute format('alter policy "funes_scope" on %s to public', one.relation);
  end loop;
end
$$;
