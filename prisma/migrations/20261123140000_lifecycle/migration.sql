-- What a sweep looks for: memories past their time, and those deleted long ago, oldest first. Partial, so that a memory
-- which neither expires nor is deleted pays nothing for it.
create index "memories_expires_idx" on "memories" ("expires_at") where "expires_at" is not null;
create index "memories_deleted_idx" on "memories" ("deleted_at") where "deleted_at" is not null;
