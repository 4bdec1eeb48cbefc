import type { Column } from './copy.js'
import { fill } from './fill.js'
import { onConnection, type Storage } from './storage.js'

export const itemColumns: readonly Column[] = [
  { name: 'id', type: 'uuid', value: (row) => row.id },
  { name: 'user_id', type: 'text', value: (row) => row.userId },
  { name: 'content', type: 'text', value: (row) => row.content },
  { name: 'metadata', type: 'jsonb', value: (row) => row.metadata },
  { name: 'embedding', type: 'vector', value: (row) => row.vector },
]

const table = (name: string, dimensions: number) => `
  create table ${name} (
    id uuid primary key,
    user_id text not null,
    content text not null,
    metadata jsonb not null,
    access_count int not null default 0,
    embedding vector(${dimensions})
  );
  create index ${name}_user_idx on ${name} (user_id)`

/** The leanest layout that holds the same: one table, vectors in the row, an index in half precision. */
export const leanItems: Storage = {
  name: 'lean-items',
  tables: ['items'],
  create: (database, dimensions) =>
    onConnection(database, async (client) => {
      await client.query('create extension if not exists vector')
      await client.query(table('items', dimensions))
    }),
  load: (database, rows) => fill(database, rows, [{ name: 'items', columns: itemColumns }]),
  buildIndex: (database, dimensions) =>
    onConnection(database, (client) =>
      client.query(
        database.engine === 'server'
          ? `create index items_hnsw on items using hnsw ((embedding::halfvec(${dimensions})) halfvec_cosine_ops)`
          : 'create index items_hnsw on items using hnsw (embedding vector_cosine_ops)',
      ),
    ).then(() => {}),
}

/**
 * The table of pgvector-node's Prisma example, twice: as the example leaves it, without any vector index, and
 * with the index that pgvector's own README begins with.
 */
export const prismaItems: Storage = {
  name: 'prisma-items',
  tables: ['items', 'plain_items'],
  create: (database, dimensions) =>
    onConnection(database, async (client) => {
      await client.query('create extension if not exists vector')
      await client.query(table('items', dimensions))
      await client.query(table('plain_items', dimensions))
    }),
  load: (database, rows) => fill(database, rows, [{ name: 'items', columns: itemColumns }]),
  buildIndex: (database) =>
    onConnection(database, (client) =>
      client.query('create index items_hnsw on items using hnsw (embedding vector_cosine_ops)'),
    ).then(() => {}),
  addDefault: (database) =>
    onConnection(database, async (client) => {
      await client.query('insert into plain_items select * from items')
      await client.query('vacuum analyze plain_items')
    }),
}
