-- Weeks of usages end where the next one begins, whatever clock they were made by, and are dropped one at a time.

-- Seven days of a clock that is put back or forward are not a week: what such sessions made reached into the next week, which could
-- then not be made, or left an hour to the default partition. Rows move by partition, so that nothing counts them again.
do $$
declare
  scope text := coalesce(current_setting('funes.scope', true), '');
  place text := (select quote_ident(nspname) from pg_namespace where oid = (
    select relnamespace from pg_class where oid = 'tool_usage'::regclass
  ));
  rest text := format('%s.tool_usage_default', place);
  one record;
begin
  perform set_config('funes.scope', 'all-users', true);
  for one in
    select w.name, w.start, w.next
    from (
      select
        format('%s.%I', place, c.relname) as name, pg_get_expr(c.relpartbound, c.oid) as bound,
        to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as start,
        (to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp + interval '7 days') at time zone 'UTC' as next
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'tool_usage'::regclass and c.relname ~ '^tool_usage_w[0-9]{8}$'
    ) w
    where w.bound <> format('FOR VALUES FROM (%L) TO (%L)', w.start, w.next)
    order by w.start
  loop
    execute format('alter table tool_usage detach partition %s', one.name);
    execute format(
      'with moved as (delete from %s where at < %L or at >= %L returning *) insert into %s select * from moved',
      one.name, one.start, one.next, rest
    );
    execute format(
      'with moved as (delete from %s where at >= %L and at < %L returning *) insert into %s select * from moved',
      rest, one.start, one.next, one.name
    );
    execute format(
      'alter table tool_usage attach partition %s for values from (%L) to (%L)', one.name, one.start, one.next
    );
    perform tool_usage_make_partitions(array[one.next]);
  end loop;
  perform set_config('funes.scope', scope, true);
end
$$;

-- Drops the rows of the oldest week that ended before the moment, and says which: null when there is none. The table is locked
-- for as long as that takes, and not for all weeks together. For the owner of the tables.
create function "tool_usage_drop_week"("moment" timestamptz) returns text
language plpgsql
set lock_timeout = '10s' set timezone = 'UTC' as $$
declare
  until timestamptz := date_trunc('week', least(moment, now()));
  week text;
begin
  -- Whoever makes weeks waits, and then makes none of these.
  perform pg_advisory_xact_lock(72707372);
  update tool_usage_retention set raw_from = until where raw_from is null or raw_from < until;
  select c.oid::regclass::text into week
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'tool_usage'::regclass
    and c.relname ~ '^tool_usage_w[0-9]{8}$'
    and to_date(right(c.relname, 8), 'YYYYMMDD') < until::date
  order by c.relname
  limit 1;
  if week is not null then
    execute format('drop table %s', week);
  end if;
  return week;
end
$$;

-- Drops what else goes with the rows of those weeks: usages that no week was there for, and the quarters of an hour of a tool, of
-- which there are nearly as many as rows, and which only save reading those.
create function "tool_usage_drop_rest"("moment" timestamptz) returns timestamptz
language plpgsql
set lock_timeout = '10s' set timezone = 'UTC' as $$
declare
  until timestamptz := date_trunc('week', least(moment, now()));
begin
  delete from tool_usage_default where at < until;
  delete from tool_usage_rollups where tool_id = any (array(select id from tools)) and grain = 15 and start < until;
  return (select raw_from from tool_usage_retention);
end
$$;

drop function "tool_usage_drop_before"(timestamptz);

do $$
declare
  name text;
begin
  foreach name in array array['tool_usage_drop_week(timestamptz)', 'tool_usage_drop_rest(timestamptz)'] loop
    execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
  end loop;
end
$$;
