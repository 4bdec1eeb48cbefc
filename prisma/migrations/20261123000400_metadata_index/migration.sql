-- Serves containment (@>) on metadata: half the size of jsonb_ops, which would serve key existence too.
create index "memories_metadata_idx" on "memories" using gin ("metadata" jsonb_path_ops);
