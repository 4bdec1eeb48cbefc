-- The relational tables, as Prisma writes them from schema.prisma.

-- CreateEnum
CREATE TYPE "memory_source" AS ENUM ('chat', 'tool', 'system', 'document');

-- CreateEnum
CREATE TYPE "distance_metric" AS ENUM ('cosine', 'l2', 'inner-product');

-- CreateEnum
CREATE TYPE "index_kind" AS ENUM ('hnsw-vector', 'hnsw-halfvec', 'hnsw-bit', 'none');

-- CreateEnum
CREATE TYPE "model_state" AS ENUM ('building', 'active', 'retired');

-- CreateTable
CREATE TABLE "users" (
    "id" TEXT NOT NULL,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "user_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "title" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("user_id","id")
);

-- CreateTable
CREATE TABLE "memories" (
    "user_id" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "session_id" TEXT,
    "content" TEXT NOT NULL,
    "content_hash" BYTEA NOT NULL,
    "source" "memory_source" NOT NULL DEFAULT 'chat',
    "importance" DOUBLE PRECISION NOT NULL DEFAULT 0.5,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "idempotency_key" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "memories_pkey" PRIMARY KEY ("user_id","id")
);

-- CreateTable
CREATE TABLE "memory_access" (
    "user_id" TEXT NOT NULL,
    "memory_id" UUID NOT NULL,
    "access_count" INTEGER NOT NULL DEFAULT 0,
    "last_accessed_at" TIMESTAMPTZ(3),

    CONSTRAINT "memory_access_pkey" PRIMARY KEY ("user_id","memory_id")
);

-- CreateTable
CREATE TABLE "memory_history" (
    "user_id" TEXT NOT NULL,
    "memory_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "operation" TEXT NOT NULL,
    "previous" JSONB NOT NULL,
    "actor" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "memory_history_pkey" PRIMARY KEY ("user_id","memory_id","version")
);

-- CreateTable
CREATE TABLE "embedding_models" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "dimensions" INTEGER NOT NULL,
    "metric" "distance_metric" NOT NULL DEFAULT 'cosine',
    "index_kind" "index_kind" NOT NULL DEFAULT 'hnsw-halfvec',
    "state" "model_state" NOT NULL DEFAULT 'active',
    "settings" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "memory_embeddings" (
    "user_id" TEXT NOT NULL,
    "memory_id" UUID NOT NULL,
    "model_id" INTEGER NOT NULL,
    "dimensions" INTEGER NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "memory_embeddings_pkey" PRIMARY KEY ("user_id","memory_id","model_id")
);

-- CreateTable
CREATE TABLE "tools" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tools_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tool_embeddings" (
    "tool_id" INTEGER NOT NULL,
    "model_id" INTEGER NOT NULL,
    "dimensions" INTEGER NOT NULL,

    CONSTRAINT "tool_embeddings_pkey" PRIMARY KEY ("tool_id","model_id")
);

-- CreateTable
CREATE TABLE "tool_usage" (
    "id" UUID NOT NULL,
    "tool_id" INTEGER NOT NULL,
    "user_id" TEXT,
    "session_id" TEXT,
    "success" BOOLEAN NOT NULL,
    "duration_ms" DOUBLE PRECISION,
    "error" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tool_usage_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "sessions_user_started_idx" ON "sessions"("user_id", "started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "memories_user_created_idx" ON "memories"("user_id", "created_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "memories_user_session_idx" ON "memories"("user_id", "session_id", "created_at");

-- CreateIndex
CREATE INDEX "memories_user_hash_idx" ON "memories"("user_id", "content_hash");

-- CreateIndex
CREATE UNIQUE INDEX "memories_user_idempotency_key" ON "memories"("user_id", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "embedding_models_name_key" ON "embedding_models"("name");

-- CreateIndex
CREATE UNIQUE INDEX "embedding_models_id_dimensions_key" ON "embedding_models"("id", "dimensions");

-- CreateIndex
CREATE UNIQUE INDEX "tools_name_key" ON "tools"("name");

-- CreateIndex
CREATE INDEX "tool_usage_tool_at_idx" ON "tool_usage"("tool_id", "at" DESC);

-- CreateIndex
CREATE INDEX "tool_usage_user_at_idx" ON "tool_usage"("user_id", "at" DESC);

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memories" ADD CONSTRAINT "memories_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memories" ADD CONSTRAINT "memories_user_id_session_id_fkey" FOREIGN KEY ("user_id", "session_id") REFERENCES "sessions"("user_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memory_access" ADD CONSTRAINT "memory_access_user_id_memory_id_fkey" FOREIGN KEY ("user_id", "memory_id") REFERENCES "memories"("user_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memory_history" ADD CONSTRAINT "memory_history_user_id_memory_id_fkey" FOREIGN KEY ("user_id", "memory_id") REFERENCES "memories"("user_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memory_embeddings" ADD CONSTRAINT "memory_embeddings_user_id_memory_id_fkey" FOREIGN KEY ("user_id", "memory_id") REFERENCES "memories"("user_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "memory_embeddings" ADD CONSTRAINT "memory_embeddings_model_id_dimensions_fkey" FOREIGN KEY ("model_id", "dimensions") REFERENCES "embedding_models"("id", "dimensions") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tool_embeddings" ADD CONSTRAINT "tool_embeddings_tool_id_fkey" FOREIGN KEY ("tool_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tool_embeddings" ADD CONSTRAINT "tool_embeddings_model_id_dimensions_fkey" FOREIGN KEY ("model_id", "dimensions") REFERENCES "embedding_models"("id", "dimensions") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tool_usage" ADD CONSTRAINT "tool_usage_tool_id_fkey" FOREIGN KEY ("tool_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE NO ACTION;
