import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { EmbeddingModel } from '@funes/db'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { SeedRow } from '../datasets/dataset.js'
import { type BinaryRows, createBinaryRows } from './binary-rows.js'

const COPY_MEMORIES = `
  copy memories (
    user_id, id, session_id, content, content_hash, source, importance, metadata, created_at, updated_at
  ) from stdin with (format binary)`

const COPY_EMBEDDINGS = `
  copy memory_embeddings (user_id, memory_id, model_id, dimensions, embedding)
  from stdin with (format binary)`

/** Large enough for few packets, small enough that the server is never idle. */
const PIECE_BYTES = 1 << 16

function writeMemory(to: BinaryRows, row: SeedRow): void {
  to.row(10)
  to.text(row.userId)
  to.uuid(row.id)
  if (row.sessionId === null) to.null()
  else to.text(row.sessionId)
  to.text(row.content)
  to.bytes(createHash('sha256').update(row.content).digest())
  to.text(row.source)
  to.float8(row.importance)
  to.jsonb(row.metadata)
  to.timestamp(row.createdAt)
  to.timestamp(row.createdAt)
}

function writeEmbedding(to: BinaryRows, row: SeedRow, modelId: number): void {
  to.row(5)
  to.text(row.userId)
  to.uuid(row.id)
  to.int4(modelId)
  to.int4(row.embedding.length)
  to.vector(row.embedding)
}

async function copy(
  client: pg.ClientBase,
  statement: string,
  rows: readonly SeedRow[],
  write: (to: BinaryRows, row: SeedRow) => void,
): Promise<void> {
  const stream = client.query(copyFrom(statement))
  const done = once(stream, 'finish')
  // Whoever waits for room hears of a failure too.
  done.catch(() => undefined)
  const binary = createBinaryRows()
  for (const row of rows) {
    write(binary, row)
    if (binary.pending < PIECE_BYTES) continue
    if (!stream.write(binary.take())) await Promise.race([once(stream, 'drain'), done])
  }
  stream.end(binary.end())
  await done
}

/** Stores a batch by binary COPY, inside the transaction that is open on `client`. Its users and sessions must stand. */
export async function copyBatch(
  client: pg.ClientBase,
  model: EmbeddingModel,
  rows: readonly SeedRow[],
): Promise<void> {
  await copy(client, COPY_MEMORIES, rows, writeMemory)
  await copy(client, COPY_EMBEDDINGS, rows, (to, row) => writeEmbedding(to, row, model.id))
}
