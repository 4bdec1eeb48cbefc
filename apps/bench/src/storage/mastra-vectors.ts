import type { Row } from '../dataset/row.js'
import { importPeer } from '../drivers/peer-packages.js'
import type { Database } from './database.js'
import { fill } from './fill.js'
import { onConnection, type Storage } from './storage.js'

interface IndexConfig {
  type?: 'flat' | 'hnsw' | 'ivfflat'
  hnsw?: { m?: number; efConstruction?: number }
}

/** What of `PgVector` is used here (@mastra/pg). */
export interface PgVector {
  createIndex(options: {
    indexName: string
    dimension: number
    metric: 'cosine'
    buildIndex?: boolean
    indexConfig?: IndexConfig
    metadataIndexes?: string[]
  }): Promise<void>
  buildIndex(options: { indexName: string; metric: 'cosine'; indexConfig: IndexConfig }): Promise<void>
  query(options: {
    indexName: string
    queryVector: number[]
    topK: number
    filter?: Record<string, unknown>
    ef?: number
  }): Promise<{ id: string }[]>
  upsert(options: {
    indexName: string
    vectors: number[][]
    metadata: Record<string, unknown>[]
    ids: string[]
  }): Promise<string[]>
  disconnect(): Promise<void>
}

export async function openPgVector(database: Database, connections: number): Promise<PgVector> {
  const { PgVector } = await importPeer<{
    PgVector: new (options: { id: string; connectionString: string; max: number }) => PgVector
  }>('@mastra/pg')
  return new PgVector({ id: 'bench', connectionString: database.url as string, max: connections })
}

export const HNSW = 'memories_hnsw'
export const DOCUMENTED = 'memories_default'

/** Its documentation advises HNSW for speed; m and ef_construction are pgvector's own defaults, above Mastra's. */
const HNSW_CONFIG: IndexConfig = { type: 'hnsw', hnsw: { m: 16, efConstruction: 64 } }

export const metadataOf = (row: Row) => ({ ...row.metadata, userId: row.userId, content: row.content })

async function withVectors(database: Database, work: (vectors: PgVector) => Promise<void>): Promise<void> {
  const vectors = await openPgVector(database, 2)
  try {
    await work(vectors)
  } finally {
    await vectors.disconnect()
  }
}

/** Mastra's own tables: one with the index its documentation advises, one with the index it makes unasked. */
export const mastraVectors: Storage = {
  name: 'mastra',
  tables: [HNSW],
  create: (database, dimension) =>
    withVectors(database, async (vectors) => {
      for (const indexName of [HNSW, DOCUMENTED]) {
        const metadataIndexes = indexName === HNSW ? { metadataIndexes: ['userId', 'label', 'topic'] } : {}
        await vectors.createIndex({
          ...{ indexName, dimension, metric: 'cosine', buildIndex: false },
          ...metadataIndexes,
        })
      }
    }),
  load: (database, rows) =>
    fill(database, rows, [
      {
        name: HNSW,
        columns: [
          { name: 'vector_id', type: 'text', value: (row) => row.id },
          { name: 'embedding', type: 'vector', value: (row) => row.vector },
          { name: 'metadata', type: 'jsonb', value: metadataOf },
        ],
      },
    ]),
  buildIndex: (database) =>
    withVectors(database, (vectors) =>
      vectors.buildIndex({ indexName: HNSW, metric: 'cosine', indexConfig: HNSW_CONFIG }),
    ),
  async addDefault(database) {
    await onConnection(database, async (client) => {
      const columns = 'vector_id, embedding, metadata'
      await client.query(`insert into ${DOCUMENTED} (${columns}) select ${columns} from ${HNSW}`)
      await client.query(`vacuum analyze ${DOCUMENTED}`)
    })
    await withVectors(database, (vectors) =>
      vectors.buildIndex({ indexName: DOCUMENTED, metric: 'cosine', indexConfig: {} }),
    )
  },
}
