-- Totals of usages tell nobody about anybody else, and nothing of a user outlives its removal.

-- Who was removed within a day, by the SHA-256 of the id: what another process had queued for that user before is not stored.
create table "purged_users" (
  "user_hash" bytea not null,
  "purged_at" timestamptz(3) not null,

  constraint "purged_users_pkey" primary key ("user_hash")
);

-- What ranks tools, for roles that may not read the totals themselves: of those one cell may be one call of one user. Of a
-- tool's last call the hour is told.
create view "tool_usage_days" with (security_barrier) as
select part.tool_id, part.day, sum(part.calls)::bigint as calls, sum(part.failures)::bigint as failures
from (
  select r.tool_id, r.start as day, r.calls, r.failures
  from "tool_usage_rollups" r
  where r.grain = 1440 and r.tool_id > 0
  union all
  select d.tool_id, date_bin('1 day', d.start, timestamptz '2000-01-01 00:00:00+00'), d.calls, d.failures
  from "tool_usage_deltas" d
) part
group by part.tool_id, part.day;

create view "tool_usage_last" with (security_barrier) as
select
  t.id as tool_id,
  date_bin('1 hour', greatest(day.last_at, fresh.last_at), timestamptz '2000-01-01 00:00:00+00') as last_hour
from "tools" t
left join lateral (
  select r.last_at
  from "tool_usage_rollups" r
  where r.tool_id = t.id and r.grain = 1440
  order by r.start desc, r.last_at desc
  limit 1
) day on true
cross join lateral (
  select max(d.last_at) as last_at
  from "tool_usage_deltas" d
  where d.tool_id = t.id and d.calls > 0
) fresh;

-- As before, and where rows were deleted the last call is that of the rows that are left; and who was removed more than a day
-- ago is forgotten.
create or replace function "tool_usage_fold"("most" integer) returns integer
language plpgsql security definer as $$
declare
  folded integer;
  scope text := coalesce(current_setting('funes.scope', true), '');
  raw_from timestamptz;
begin
  -- Neither beside another one, nor while rows are dropped: bits would be made anew of rows that are not there any more.
  if not pg_try_advisory_xact_lock(72707371) or not pg_try_advisory_xact_lock_shared(72707372) then
    return 0;
  end if;
  raw_from := coalesce((select r.raw_from from tool_usage_retention r), '-infinity');
  -- Not as an option of the function: to set it so takes a superuser.
  perform set_config('funes.scope', 'all-users', true);

  with taken as materialized (
    delete from tool_usage_deltas
    where id in (select id from tool_usage_deltas order by id limit most)
    returning *
  ),
  sums as materialized (
    select
      tool_id, tool_version, start, sum(calls) as calls, sum(failures) as failures, sum(timed) as timed,
      sum(duration_sum) as duration_sum, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
      max(last_at) as last_at, bit_or(users) as users, bit_or(sessions) as sessions, bool_or(calls < 0) as is_less
    from taken
    group by 1, 2, 3
  ),
  -- What each of them is added to.
  target as materialized (
    select s.tool_id as of_tool, s.tool_version as of_version, s.start as of_start, c.*
    from sums s
    cross join (values (15::smallint), (60), (360), (1440)) g (grain)
    cross join lateral (values
      (0, g.grain, date_bin(make_interval(mins => g.grain), s.start, timestamptz '2000-01-01 00:00:00+00'), 0),
      (s.tool_id, g.grain, date_bin(make_interval(mins => g.grain), s.start, timestamptz '2000-01-01 00:00:00+00'), s.tool_version)
    ) c (tool_id, grain, start, tool_version)
    where c.tool_id = 0 or exists (select from tools t where t.id = c.tool_id)
  ),
  old as materialized (
    delete from tool_usage_rollups r
    using (select distinct tool_id, grain, start, tool_version from target) t
    where r.tool_id = t.tool_id and r.grain = t.grain and r.start = t.start and r.tool_version = t.tool_version
    returning r.*
  ),
  total as (
    select
      tool_id, grain, start, tool_version, sum(calls) as calls, sum(failures) as failures, sum(timed) as timed,
      sum(duration_sum) as duration_sum, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
      max(last_at) as last_at, bit_or(users) as users, bit_or(sessions) as sessions,
      bool_or(is_less) and start >= raw_from as is_less
    from (
      select
        t.tool_id, t.grain, t.start, t.tool_version, s.calls, s.failures, s.timed, s.duration_sum, s.input_tokens,
        s.output_tokens, s.last_at, s.users, s.sessions, s.is_less
      from sums s
      join target t on t.of_tool = s.tool_id and t.of_version = s.tool_version and t.of_start = s.start
      union all
      select
        tool_id, grain, start, tool_version, calls, failures, timed, duration_sum, input_tokens, output_tokens, last_at,
        users, sessions, false
      from old
    ) part
    group by tool_id, grain, start, tool_version
    having sum(calls) > 0
  ),
  duration as (
    select tool_id, grain, start, tool_version, array_agg(key order by key) as keys, array_agg(n order by key) as counts
    from (
      select tool_id, grain, start, tool_version, key, sum(n)::bigint as n
      from (
        select t.tool_id, t.grain, t.start, t.tool_version, d.key, d.n
        from (
          select tool_id, tool_version, start, u.key, sum(u.n) as n
          from taken, unnest(duration_keys, duration_counts) u (key, n)
          group by 1, 2, 3, 4
        ) d
        join target t on t.of_tool = d.tool_id and t.of_version = d.tool_version and t.of_start = d.start
        union all
        select tool_id, grain, start, tool_version, u.key, u.n
        from old, unnest(duration_keys, duration_counts) u (key, n)
      ) part
      group by tool_id, grain, start, tool_version, key
      having sum(n) <> 0
    ) counted
    group by tool_id, grain, start, tool_version
  ),
  error as (
    select tool_id, grain, start, tool_version, array_agg(class order by class) as classes, array_agg(n order by class) as counts
    from (
      select tool_id, grain, start, tool_version, class, sum(n)::bigint as n
      from (
        select t.tool_id, t.grain, t.start, t.tool_version, e.class, e.n
        from (
          select tool_id, tool_version, start, u.class, sum(u.n) as n
          from taken, unnest(error_classes, error_counts) u (class, n)
          group by 1, 2, 3, 4
        ) e
        join target t on t.of_tool = e.tool_id and t.of_version = e.tool_version and t.of_start = e.start
        union all
        select tool_id, grain, start, tool_version, u.class, u.n
        from old, unnest(error_classes, error_counts) u (class, n)
      ) part
      group by tool_id, grain, start, tool_version, class
      having sum(n) <> 0
    ) counted
    group by tool_id, grain, start, tool_version
  ),
  stored as (
    insert into tool_usage_rollups (
      tool_id, grain, start, tool_version, calls, failures, timed, duration_sum, input_tokens, output_tokens, last_at,
      duration_keys, duration_counts, error_classes, error_counts, users, sessions
    )
    select
      t.tool_id, t.grain, t.start, t.tool_version, t.calls, t.failures, t.timed, t.duration_sum, t.input_tokens,
      t.output_tokens, coalesce(l.last_at, t.last_at), d.keys, d.counts, e.classes, e.counts,
      case when t.is_less then l.users else t.users end, case when t.is_less then l.sessions else t.sessions end
    from total t
    left join duration d using (tool_id, grain, start, tool_version)
    left join error e using (tool_id, grain, start, tool_version)
    left join lateral (
      select
        max(u.at) as last_at, bit_or(tool_usage_bits(u.user_id)) as users,
        bit_or(tool_usage_bits(coalesce(u.user_id, '') || ' ' || u.session_id)) as sessions
      from tool_usage u
      where u.tool_id = t.tool_id and u.tool_version = t.tool_version
        and u.at >= t.start and u.at < t.start + make_interval(mins => t.grain) and t.is_less and t.tool_id > 0
      union all
      select
        max(u.at), bit_or(tool_usage_bits(u.user_id)),
        bit_or(tool_usage_bits(coalesce(u.user_id, '') || ' ' || u.session_id))
      from tool_usage u
      where u.at >= t.start and u.at < t.start + make_interval(mins => t.grain) and t.is_less and t.tool_id = 0
    ) l on t.is_less and l.last_at is not null
  )
  select count(*) into folded from taken;
  delete from purged_users where purged_at < now() - interval '1 day';
  perform set_config('funes.scope', scope, true);
  return folded;
end
$$;

-- Makes the running week and the four to come: all that who is held to one user or tenant may ask for.
create function "tool_usage_make_coming_weeks"() returns integer
language sql security definer as $$
  select tool_usage_make_partitions(array(select now() + make_interval(weeks => w) from generate_series(0, 4) w))
$$;

do $$
declare
  name text;
begin
  foreach name in array array['tool_usage_fold(integer)', 'tool_usage_make_coming_weeks()'] loop
    execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
  end loop;
  -- A week of a clock that is put back is an hour longer than seven days of UTC, and would reach into the next one.
  foreach name in array array['tool_usage_fold(integer)', 'tool_usage_make_partitions(timestamptz[])', 'tool_usage_drop_before(timestamptz)'] loop
    execute format('alter function %s set timezone = ''UTC''', name);
  end loop;
end
$$;

-- What acts for the owner is not everybody's to call, nor to hang on a table of their own.
revoke execute on function
  "tool_usage_note"(), "tool_usage_forget_tools"(), "tool_usage_fold"(integer), "tool_usage_make_coming_weeks"(),
  "tool_usage_make_partitions"(timestamptz[])
from public;

-- What the role of scoped calls may not have, whatever it was given before.
create function "funes_tenancy_narrow"("app_role" text) returns void
language plpgsql as $$
begin
  execute format('revoke all on tool_usage_rollups, tool_usage_deltas, purged_users from %I', app_role);
  execute format('revoke delete on users from %I', app_role);
  execute format('grant execute on function tool_usage_fold(integer), tool_usage_make_coming_weeks() to %I', app_role);
end
$$;

create or replace function "funes_tenancy_enable"("app_role" text default 'funes_app') returns void
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

  -- Nobody moves into another tenant, nor out of one by being made anew.
  select string_agg(format('%I', attname), ', ') into granted
  from pg_attribute
  where attrelid = 'users'::regclass and attnum > 0 and not attisdropped and attname <> 'tenant_id';
  execute format('grant select, insert (%1$s), update (%1$s) on users to %2$I', granted, app_role);
  perform funes_tenancy_narrow(app_role);

  -- What belongs to no user. Of usages that is how often everybody together called a tool, by day, which ranks tools.
  foreach granted in array array[
    'embedding_models', 'tools', 'tool_versions', 'tool_embeddings', 'tool_usage_days', 'tool_usage_last',
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

-- Roles that have rights already: those of scopes lose some, all others keep what they could do.
do $$
declare
  scoped oid[] := array(select unnest(polroles) from pg_policy where polname = 'funes_scope' and polrelid = 'memories'::regclass);
  one record;
begin
  for one in
    select c.relname, a.privilege_type as privilege, a.grantee, case a.grantee when 0 then 'public' else a.grantee::regrole::text end as role
    from pg_class c, aclexplode(c.relacl) a
    where c.oid in ('tool_usage'::regclass, 'tool_usage_rollups'::regclass, 'users'::regclass) and a.grantee <> c.relowner
  loop
    if one.grantee = any (scoped) and one.grantee <> 0 then
      perform funes_tenancy_narrow(pg_get_userbyid(one.grantee));
      execute format('grant select on tool_usage_days, tool_usage_last to %s', one.role);
    elsif one.relname = 'tool_usage' and one.privilege = 'INSERT' then
      execute format('grant select on purged_users to %s', one.role);
      execute format(
        'grant execute on function tool_usage_fold(integer), tool_usage_make_partitions(timestamptz[]), tool_usage_make_coming_weeks() to %s',
        one.role
      );
    elsif one.relname = 'tool_usage_rollups' and one.privilege = 'SELECT' then
      execute format('grant select on tool_usage_days, tool_usage_last to %s', one.role);
    elsif one.relname = 'users' and one.privilege = 'DELETE' then
      execute format('grant select, insert, update, delete on purged_users to %s', one.role);
    end if;
  end loop;
end
$$;
