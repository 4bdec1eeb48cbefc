-- The registry of tools: what each version of a tool was, its words for full text, and an index for its vectors.
alter table "tools"
  add column "language" regconfig not null default 'english',
  add column "search_text" text not null default '',
  add column "search" tsvector generated always as (to_tsvector("language", "search_text")) stored,
  add column "removed_at" timestamptz(3);

update "tools" set "search_text" = regexp_replace("name", '[^[:alnum:]]+', ' ', 'g') || E'\n' || "description";

create index "tools_search_idx" on "tools" using gin ("search");
create index "tools_tags_idx" on "tools" using gin ("tags");

-- A usage refers to a tool and to the version that was called: versions stay as long as their tool.
create table "tool_versions" (
  "tool_id" integer not null,
  "version" integer not null,
  "description" text not null,
  "parameters" jsonb not null default '{}',
  "content_hash" bytea not null,
  "created_at" timestamptz(3) not null default current_timestamp,

  constraint "tool_versions_pkey" primary key ("tool_id", "version"),
  constraint "tool_versions_tool_id_fkey" foreign key ("tool_id") references "tools" ("id")
    on delete cascade on update no action,
  constraint "tool_versions_content_hash_is_sha256" check (octet_length("content_hash") = 32)
);

insert into "tool_versions" ("tool_id", "version", "description", "parameters", "content_hash", "created_at")
select id, version, description, parameters, sha256(convert_to(description || E'\n' || parameters::text, 'UTF8')), updated_at
from "tools";

-- A vector that is known to be of an older text goes when the text changes, whoever changes it. A trigger sees what others
-- have committed meanwhile, which the statement that fires it does not.
create function funes_drop_stale_tool_vectors() returns trigger language plpgsql as $$
begin
  delete from tool_embeddings e
  where e.tool_id = new.id
    and e.content_mark <> substring(sha256(convert_to(new.name || ': ' || new.description, 'UTF8')) for 8);
  return null;
end
$$;

create trigger tools_text_changed
  after update of name, description on "tools"
  for each row when (old.name <> new.name or old.description <> new.description)
  execute function funes_drop_stale_tool_vectors();

-- Thousands of tools are compared one by one, more are looked up: each model's index, in the form that memories have.
do $$
declare
  model record;
begin
  for model in
    select id, dimensions as n, metric::text as metric, index_kind::text as kind
    from embedding_models
    where index_kind <> 'none' and state <> 'retired'
  loop
    execute format(
      'create index tool_embeddings_hnsw_m%s on tool_embeddings using hnsw (%s) where model_id = %s',
      model.id,
      case model.kind
        when 'hnsw-bit' then format('(binary_quantize(embedding)::bit(%s)) bit_hamming_ops', model.n)
        else format(
          '(embedding::%1$s(%2$s)) %1$s_%3$s_ops',
          case model.kind when 'hnsw-halfvec' then 'halfvec' else 'vector' end,
          model.n,
          case model.metric when 'inner-product' then 'ip' else model.metric end
        )
      end,
      model.id
    );
  end loop;
end
$$;
