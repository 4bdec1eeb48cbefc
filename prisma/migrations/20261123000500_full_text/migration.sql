-- Full text beside the vectors. The language is the memory's own, as one user may write in several.
alter table "memories"
  add column "language" regconfig not null default 'english',
  add column "search" tsvector generated always as (to_tsvector("language", "content")) stored;

create index "memories_search_idx" on "memories" using gin ("search");
