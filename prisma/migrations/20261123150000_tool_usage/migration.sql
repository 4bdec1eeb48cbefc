-- Usages of tools: rows partitioned by week, and totals of them that outlive the rows.
--
-- A statement that inserts or deletes usages, whatever it is, also notes in "tool_usage_deltas" what it changed, in the same
-- transaction. Deltas are only ever added, so no two writers wait for each other. `tool_usage_fold` adds them up into
-- "tool_usage_rollups". Rollups and deltas together are so at every moment what the rows add up to, and, for weeks that were
-- dropped, what they added up to.
--
-- How often and how lately a tool was called, for ranking: `toolUsageSummary` in packages/db/src/sql/tool-usage-summary.ts is a
-- lateral subquery to join to "tools", over the days of the rollups and the deltas; it reads no usage row.

alter table "tool_usage" rename to "tool_usage_before";
alter table "tool_usage_before"
  drop constraint "tool_usage_pkey",
  drop constraint "tool_usage_tool_id_fkey",
  drop constraint "tool_usage_duration_not_negative";
drop index "tool_usage_tool_at_idx";
drop index "tool_usage_user_at_idx";

-- The key begins with the time: a table partitioned by it must have it there, and a range of time is then a range of the key.
create table "tool_usage" (
  "id" uuid not null,
  "tool_id" integer not null,
  "tool_version" integer not null default 1,
  "user_id" text,
  "session_id" text,
  "success" boolean not null,
  "duration_ms" double precision,
  "error" text,
  "error_message" text,
  "input_tokens" integer,
  "output_tokens" integer,
  "metadata" jsonb not null default '{}',
  "at" timestamptz(3) not null default current_timestamp,

  constraint "tool_usage_pkey" primary key ("at", "id"),
  constraint "tool_usage_tool_id_fkey" foreign key ("tool_id") references "tools" ("id")
    on delete cascade on update no action,
  constraint "tool_usage_duration_not_negative" check ("duration_ms" >= 0 and "duration_ms" < 'infinity'),
  constraint "tool_usage_tokens_not_negative" check ("input_tokens" >= 0 and "output_tokens" >= 0)
) partition by range ("at");

create index "tool_usage_tool_at_idx" on "tool_usage" ("tool_id", "at" desc);
create index "tool_usage_user_at_idx" on "tool_usage" ("user_id", "at" desc);

-- What no week is there for stands here, and moves when its week is made: nothing is ever refused for its time.
create table "tool_usage_default" partition of "tool_usage" default;

-- Measures of calls, in cells of 15 minutes a tool and version. Negative where rows were deleted.
create table "tool_usage_deltas" (
  "id" bigserial not null,
  "tool_id" integer not null,
  "tool_version" integer not null,
  "start" timestamptz(3) not null,
  "calls" bigint not null,
  "failures" bigint not null,
  "timed" bigint not null,
  "duration_sum" double precision not null,
  "input_tokens" bigint not null,
  "output_tokens" bigint not null,
  "last_at" timestamptz(3) not null,
  "duration_keys" smallint[],
  "duration_counts" bigint[],
  "error_classes" text[],
  "error_counts" bigint[],
  "users" varbit(16384),
  "sessions" varbit(16384),

  constraint "tool_usage_deltas_pkey" primary key ("id")
);
create index "tool_usage_deltas_tool_idx" on "tool_usage_deltas" ("tool_id", "start");

-- The same, added up: cells of "grain" minutes (15, 60, 360 and 1440) of each tool, and of all tools, whose "tool_id" is 0.
-- Quarters of an hour of a tool go with its rows. No foreign key, so that adding up never waits for who changes a tool.
create table "tool_usage_rollups" (
  "tool_id" integer not null,
  "grain" smallint not null,
  "start" timestamptz(3) not null,
  "tool_version" integer not null,
  "calls" bigint not null,
  "failures" bigint not null,
  "timed" bigint not null,
  "duration_sum" double precision not null,
  "input_tokens" bigint not null,
  "output_tokens" bigint not null,
  "last_at" timestamptz(3) not null,
  "duration_keys" smallint[],
  "duration_counts" bigint[],
  "error_classes" text[],
  "error_counts" bigint[],
  "users" varbit(16384),
  "sessions" varbit(16384),

  constraint "tool_usage_rollups_pkey" primary key ("tool_id", "grain", "start", "tool_version")
);

-- From when on the rows are all there; one row.
create table "tool_usage_retention" (
  "id" integer not null default 1,
  "raw_from" timestamptz(3),

  constraint "tool_usage_retention_pkey" primary key ("id"),
  constraint "tool_usage_retention_is_one_row" check ("id" = 1)
);
insert into "tool_usage_retention" ("id") values (1);

-- The bucket of a duration: bounds grow by e^0.05, so a bucket's middle is within 2.5 % of all that is in it (DDSketch: Masson,
-- Rim and Lee, VLDB 2019). Zero has a bucket of its own; a microsecond and less, and thirty years and more, share one each.
create function "tool_usage_duration_key"("ms" double precision) returns smallint
language sql immutable parallel safe as $$
  select case when ms > 0 then ceil(20 * ln(least(greatest(ms, 0.001::float8), 1e12::float8)))::smallint when ms = 0 then (-32768)::smallint end
$$;

-- A set of names as bits: one of the first 8,192 for each, and one of the last 8,192 for one name in sixteen (multiresolution
-- bitmap: Estan, Varghese and Fisk, IMC 2003). Sets are united by "or". Many names share a bit, and none can be read from it.
create function "tool_usage_bits"("name" text) returns varbit
language sql immutable parallel safe as $$
  select set_bit(
    case
      when (hashtextextended(name, 0) >> 13) & 15 = 0
        then set_bit(0::bit(16384), 8192 + ((hashtextextended(name, 0) >> 17) & 8191)::integer, 1)
      else 0::bit(16384)
    end,
    (hashtextextended(name, 0) & 8191)::integer,
    1
  )::varbit
$$;

-- How many names such bits stand for, by the share of bits that are still unset (linear counting: Whang, Vander-Zanden and
-- Taylor, 1990): of the first half, until that is nearly full; then sixteen times what the second half says.
create function "tool_usage_distinct"("bits" varbit) returns bigint
language sql immutable parallel safe as $$
  select case
    when bits is null then 0
    when bit_count(substring(bits from 1 for 8192)) <= 7987
      then round(8192 * ln(8192.0::float8 / (8192 - bit_count(substring(bits from 1 for 8192)))))::bigint
    else round(16 * 8192 * ln(8192.0::float8 / greatest(8192 - bit_count(substring(bits from 8193 for 8192)), 1)))::bigint
  end
$$;

-- Notes what a statement added (1) or took away (-1). One pass over its rows: keys are counted when they are added up.
create function "tool_usage_note"() returns trigger
language plpgsql security definer as $$
declare
  sign integer := tg_argv[0]::integer;
begin
  insert into tool_usage_deltas (
    tool_id, tool_version, start, calls, failures, timed, duration_sum, input_tokens, output_tokens, last_at,
    duration_keys, duration_counts, error_classes, error_counts, users, sessions
  )
  select
    tool_id, tool_version, date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00'),
    sign * count(*), sign * count(*) filter (where not success), sign * count(duration_ms),
    sign * coalesce(sum(duration_ms), 0), sign * coalesce(sum(input_tokens), 0), sign * coalesce(sum(output_tokens), 0),
    max(at),
    array_agg(tool_usage_duration_key(duration_ms)) filter (where duration_ms is not null),
    array_agg(sign::bigint) filter (where duration_ms is not null),
    array_agg(coalesce(error, 'unknown')) filter (where not success),
    array_agg(sign::bigint) filter (where not success),
    case when sign > 0 then bit_or(tool_usage_bits(user_id)) end,
    -- Sessions are unique to their user.
    case when sign > 0 then bit_or(tool_usage_bits(coalesce(user_id, '') || ' ' || session_id)) end
  from changed
  group by 1, 2, 3;
  return null;
end
$$;

create trigger "tool_usage_inserted" after insert on "tool_usage"
  referencing new table as changed for each statement execute function "tool_usage_note"('1');
create trigger "tool_usage_deleted" after delete on "tool_usage"
  referencing old table as changed for each statement execute function "tool_usage_note"('-1');
create trigger "tool_usage_updated_from" after update on "tool_usage"
  referencing old table as changed for each statement execute function "tool_usage_note"('-1');
create trigger "tool_usage_updated_to" after update on "tool_usage"
  referencing new table as changed for each statement execute function "tool_usage_note"('1');

-- Totals of a tool go with it.
create function "tool_usage_forget_tools"() returns trigger
language plpgsql security definer as $$
begin
  delete from tool_usage_rollups where tool_id in (select id from gone);
  return null;
end
$$;

create trigger "tools_forget_usage" after delete on "tools"
  referencing old table as gone for each statement execute function "tool_usage_forget_tools"();

-- Adds up to so many deltas into the rollups, and says how many there were. Another process that is at it is left to it. Names
-- cannot be taken out of bits again: where rows were deleted, the bits of a cell are made anew of the rows that are left.
create function "tool_usage_fold"("most" integer) returns integer
language plpgsql security definer as $$
declare
  folded integer;
  scope text := coalesce(current_setting('funes.scope', true), '');
  raw_from timestamptz := coalesce((select r.raw_from from tool_usage_retention r), '-infinity');
begin
  if not pg_try_advisory_xact_lock(72707371) then
    return 0;
  end if;
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
      t.output_tokens, t.last_at, d.keys, d.counts, e.classes, e.counts,
      case when t.is_less then l.users else t.users end, case when t.is_less then l.sessions else t.sessions end
    from total t
    left join duration d using (tool_id, grain, start, tool_version)
    left join error e using (tool_id, grain, start, tool_version)
    left join lateral (
      select
        bit_or(tool_usage_bits(u.user_id)) as users,
        bit_or(tool_usage_bits(coalesce(u.user_id, '') || ' ' || u.session_id)) as sessions
      from tool_usage u
      where u.tool_id = t.tool_id and u.tool_version = t.tool_version
        and u.at >= t.start and u.at < t.start + make_interval(mins => t.grain) and t.is_less and t.tool_id > 0
      union all
      select
        bit_or(tool_usage_bits(u.user_id)), bit_or(tool_usage_bits(coalesce(u.user_id, '') || ' ' || u.session_id))
      from tool_usage u
      where u.at >= t.start and u.at < t.start + make_interval(mins => t.grain) and t.is_less and t.tool_id = 0
    ) l on t.is_less and (l.users is not null or l.sessions is not null)
  )
  select count(*) into folded from taken;
  perform set_config('funes.scope', scope, true);
  return folded;
end
$$;

-- Makes the weeks (Monday to Monday, UTC) of these moments, where missing, and says how many. Rows that waited for a week in the
-- default partition move into it, by partition, so that nothing counts them again. None is made for times that were dropped,
-- nor for times that are likely mistakes.
create function "tool_usage_make_partitions"("moments" timestamptz[]) returns integer
language plpgsql security definer
set lock_timeout = '3s' as $$
declare
  place text := (select quote_ident(nspname) from pg_namespace where oid = (
    select relnamespace from pg_class where oid = 'tool_usage'::regclass
  ));
  is_protected boolean;
  week timestamptz;
  name text;
  made integer := 0;
begin
  for week in
    select distinct date_trunc('week', m at time zone 'UTC') at time zone 'UTC'
    from unnest(moments) m
    where m between now() - interval '10 years' and now() + interval '1 year'
      and m >= coalesce((select raw_from from tool_usage_retention), '-infinity')
    order by 1
  loop
    name := format('%s.%I', place, 'tool_usage_w' || to_char(week at time zone 'UTC', 'YYYYMMDD'));
    continue when to_regclass(name) is not null;
    perform pg_advisory_xact_lock(72707372);
    continue when to_regclass(name) is not null;
    -- From here on nothing more can come into the default partition.
    lock table tool_usage_default in access exclusive mode;
    execute format('create table %s (like tool_usage including all)', name);
    execute format(
      'with moved as (delete from tool_usage_default where at >= %L and at < %L returning *) insert into %s select * from moved',
      week, week + interval '7 days', name
    );
    execute format(
      'alter table tool_usage attach partition %s for values from (%L) to (%L)', name, week, week + interval '7 days'
    );
    select relrowsecurity into is_protected from pg_class where oid = 'tool_usage'::regclass;
    if is_protected then
      execute format('alter table %s enable row level security', name);
    end if;
    made := made + 1;
  end loop;
  return made;
end
$$;

-- Drops the rows of all weeks that ended before the moment, and says which. Their totals by hour are kept. For the owner of
-- the tables.
create function "tool_usage_drop_before"("moment" timestamptz) returns text[]
language plpgsql
set lock_timeout = '10s' as $$
declare
  until timestamptz := date_trunc('week', least(moment, now()) at time zone 'UTC') at time zone 'UTC';
  week record;
  dropped text[] := '{}';
begin
  -- Whoever makes weeks waits, and then makes none of these.
  perform pg_advisory_xact_lock(72707372);
  update tool_usage_retention set raw_from = until where raw_from is null or raw_from < until;
  for week in
    select c.oid::regclass::text as name
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'tool_usage'::regclass
      and c.relname ~ '^tool_usage_w[0-9]{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < until at time zone 'UTC'
    order by c.relname
  loop
    execute format('drop table %s', week.name);
    dropped := dropped || week.name;
  end loop;
  delete from tool_usage_default where at < until;
  -- Of a tool there are nearly as many as rows, and they only save reading those.
  delete from tool_usage_rollups where tool_id > 0 and grain = 15 and start < until;
  return dropped;
end
$$;

-- Functions that act for their owner must find nothing but what was meant.
do $$
declare
  name text;
begin
  foreach name in array array[
    'tool_usage_note()', 'tool_usage_forget_tools()', 'tool_usage_fold(integer)', 'tool_usage_make_partitions(timestamptz[])',
    'tool_usage_drop_before(timestamptz)'
  ]
  loop
    execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
  end loop;
end
$$;

-- Usages that were there before, with the weeks that they fall into and four to come.
select tool_usage_make_partitions(array(
  select distinct date_trunc('week', at at time zone 'UTC') at time zone 'UTC' from tool_usage_before
  union
  select now() + make_interval(weeks => w) from generate_series(0, 4) w
));
insert into "tool_usage" ("id", "tool_id", "user_id", "session_id", "success", "duration_ms", "error", "metadata", "at")
select "id", "tool_id", "user_id", "session_id", "success", "duration_ms", "error", "metadata", "at" from "tool_usage_before";
drop table "tool_usage_before";
