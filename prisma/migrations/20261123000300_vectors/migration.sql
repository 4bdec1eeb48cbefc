-- What Prisma cannot say: vector columns, check constraints, storage, and the index of the first model.

alter table users
  add constraint users_id_not_empty check (id <> '');

alter table sessions
  add constraint sessions_id_not_empty check (id <> ''),
  add constraint sessions_metadata_is_object check (jsonb_typeof(metadata) = 'object');

alter table memories
  add constraint memories_content_not_empty check (content <> ''),
  add constraint memories_content_hash_is_sha256 check (octet_length(content_hash) = 32),
  add constraint memories_importance_range check (importance between 0 and 1),
  add constraint memories_metadata_is_object check (jsonb_typeof(metadata) = 'object'),
  add constraint memories_version_positive check (version > 0);

alter table memory_history
  add constraint memory_history_operation_known check (operation in ('update', 'delete', 'restore'));

alter table embedding_models
  add constraint embedding_models_name_not_empty check (name <> ''),
  add constraint embedding_models_dimensions_range check (dimensions between 1 and 16000);

alter table tools
  add constraint tools_name_not_empty check (name <> ''),
  add constraint tools_parameters_is_object check (jsonb_typeof(parameters) = 'object');

alter table tool_usage
  add constraint tool_usage_duration_not_negative check (duration_ms >= 0);

-- The column has no fixed dimension: every model brings its own. That a vector has its model's dimension is
-- held by two constraints together: (model_id, dimensions) references the model, and dimensions is the vector's.
alter table memory_embeddings
  add column embedding vector not null,
  add constraint memory_embeddings_dimensions_match check (vector_dims(embedding) = dimensions);

alter table tool_embeddings
  add column embedding vector not null,
  add constraint tool_embeddings_dimensions_match check (vector_dims(embedding) = dimensions);

-- Vectors stay in their row: past 2 KB (512 dimensions) they would move to TOAST, and an exact scan would fetch
-- every one of them from there. Floats do not compress, so compression is not tried.
alter table memory_embeddings alter column embedding set storage external;
alter table memory_embeddings set (toast_tuple_target = 8160);
alter table tool_embeddings alter column embedding set storage external;
alter table tool_embeddings set (toast_tuple_target = 8160);

-- Counters change often and carry no index of their own: room in each page keeps every update on its page.
alter table memory_access set (fillfactor = 80);

-- The first model and its index. The index is partial and on an expression: one for each model, which
-- `prisma migrate dev` leaves alone. Half precision halves the index on a server; in WebAssembly it has no
-- hardware to run on and full precision is several times as quick.
do $$
begin
  if version() like '%wasm%' or version() like '%emscripten%' then
    insert into embedding_models (name, dimensions, metric, index_kind) values ('default', 384, 'cosine', 'hnsw-vector');
    create index memory_embeddings_hnsw_m1 on memory_embeddings
      using hnsw ((embedding::vector(384)) vector_cosine_ops) where model_id = 1 and active;
  else
    insert into embedding_models (name, dimensions, metric, index_kind) values ('default', 384, 'cosine', 'hnsw-halfvec');
    create index memory_embeddings_hnsw_m1 on memory_embeddings
      using hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) where model_id = 1 and active;
  end if;
end
$$;
