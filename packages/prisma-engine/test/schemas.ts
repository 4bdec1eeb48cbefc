const HEAD = `
datasource db {
  provider = "postgresql"
}
`

/** What the migration below makes, as far as Prisma can say it. */
export const MEMORIES = `${HEAD}
model Memory {
  id        Int                    @id @default(autoincrement())
  content   String
  kind      Kind                   @default(CHAT)
  embedding Unsupported("vector")?

  @@index([kind])
}

enum Kind {
  CHAT
  TOOL
}
`

/** Has what tools stumble over: an extension, an index on an expression, a body with semicolons, row security. */
export const MEMORIES_SQL = `
create extension if not exists vector;
create type "Kind" as enum ('CHAT', 'TOOL');
create table "Memory" (
  "id" serial not null,
  "content" text not null,
  "kind" "Kind" not null default 'CHAT',
  "embedding" vector,
  constraint "Memory_pkey" primary key ("id")
);
create index "Memory_kind_idx" on "Memory"("kind");
create index memory_hnsw on "Memory" using hnsw ((embedding::halfvec(3)) halfvec_cosine_ops) where kind = 'CHAT';
create function count_words(content text) returns int language plpgsql as $$
begin
  content := trim(content);
  return array_length(string_to_array(content, ' '), 1);
end;
$$;
alter table "Memory" enable row level security;
create policy everyone on "Memory" using (true);
`

/** A schema with nothing that needs an extension. */
export const NOTES = `${HEAD}
model Note {
  id   Int    @id
  text String
}
`

export const NOTES_SQL =
  'create table "Note" ("id" integer not null, "text" text not null, constraint "Note_pkey" primary key ("id"));\n'
