-- What makes two adds of one text meet, when they ask for it: the text's hash, held by at most one memory of a user.
-- A memory lets go of it when it is deleted, when its text changes, and when an add finds it expired.
alter table "memories" add column "dedup_key" bytea;

-- Partial, so that a memory added without asking pays nothing for it.
create unique index "memories_user_dedup_key" on "memories" ("user_id", "dedup_key") where "dedup_key" is not null;
