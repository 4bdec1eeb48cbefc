import { importPeer } from '../drivers/peer-packages.js'
import type { Database } from './database.js'
import { fill } from './fill.js'
import { onConnection, type Storage } from './storage.js'

export interface LangChainDocument {
  pageContent: string
  metadata: Record<string, unknown>
  id?: string
}

/** What of `PGVectorStore` is used here (@langchain/community). */
export interface PGVectorStore {
  addVectors(vectors: number[][], documents: LangChainDocument[], options: { ids: string[] }): Promise<void>
  similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: Record<string, unknown>,
  ): Promise<[LangChainDocument, number][]>
  createHnswIndex(options: { dimensions: number }): Promise<void>
  end(): Promise<void>
}

export const INDEXED = 'documents'
export const DOCUMENTED = 'plain_documents'

/** @param ef hnsw.ef_search, and `iterative` hnsw.iterative_scan: the store leaves both to the connection's settings */
export async function openStore(
  database: Database,
  options: { tableName: string; connections: number; dimensions: number; ef?: number; iterative?: boolean },
): Promise<PGVectorStore> {
  const { PGVectorStore } = await importPeer<{
    PGVectorStore: { initialize(embeddings: unknown, config: unknown): Promise<PGVectorStore> }
  }>('@langchain/community/vectorstores/pgvector')
  const none = () => Promise.reject(new Error('every vector is given'))
  return PGVectorStore.initialize(
    { embedQuery: none, embedDocuments: none },
    {
      tableName: options.tableName,
      distanceStrategy: 'cosine',
      dimensions: options.dimensions,
      postgresConnectionOptions: {
        connectionString: database.url,
        // The store keeps one connection for itself from the start.
        max: options.connections + 1,
        ...(options.ef !== undefined && {
          options: `-c hnsw.ef_search=${options.ef}${options.iterative ? ' -c hnsw.iterative_scan=relaxed_order' : ''}`,
        }),
      },
    },
  )
}

/** LangChain's own table, once as it is made and once with the index of `createHnswIndex`. */
export const langchainDocuments: Storage = {
  name: 'langchain',
  tables: [INDEXED],
  async create(database, dimensions) {
    for (const tableName of [INDEXED, DOCUMENTED]) {
      await (await openStore(database, { tableName, connections: 1, dimensions })).end()
    }
  },
  load: (database, rows) =>
    fill(database, rows, [
      {
        name: INDEXED,
        columns: [
          { name: 'id', type: 'uuid', value: (row) => row.id },
          { name: 'text', type: 'text', value: (row) => row.content },
          { name: 'metadata', type: 'jsonb', value: (row) => ({ ...row.metadata, userId: row.userId }) },
          { name: 'embedding', type: 'vector', value: (row) => row.vector },
        ],
      },
    ]),
  async buildIndex(database, dimensions) {
    const store = await openStore(database, { tableName: INDEXED, connections: 1, dimensions })
    await store.createHnswIndex({ dimensions })
    await store.end()
  },
  addDefault: (database) =>
    onConnection(database, async (client) => {
      await client.query(`insert into ${DOCUMENTED} select * from ${INDEXED}`)
      await client.query(`vacuum analyze ${DOCUMENTED}`)
    }),
}
