-- Which model took over from a retired one, and since when: whoever was set up with the old name follows. And how hard
-- the model's index must be asked for each accuracy, as found by `indexes.calibrate`.
alter table "embedding_models"
  add column "replaced_by" integer,
  add column "replaced_at" timestamptz(3),
  add column "calibration" jsonb,
  add constraint "embedding_models_replaced_by_fkey" foreign key ("replaced_by") references "embedding_models" ("id")
    on delete no action on update no action;

-- The first 8 bytes of the SHA-256 of the text that a vector was made of. Null where both were written together: only a
-- vector made later can be one of an older text. Eight bytes, as a whole hash would leave four rows on a page, not five.
alter table "memory_embeddings" add column "content_mark" bytea;
alter table "tool_embeddings" add column "content_mark" bytea;
