import type { Row } from '../dataset/row.js'
import { type Scope, scopeName } from '../dataset/scopes.js'
import { DOCUMENTED, HNSW, mastraVectors, metadataOf, openPgVector } from '../storage/mastra-vectors.js'
import type { Driver, Effort } from './driver.js'
import { peersMissing } from './peer-packages.js'

interface MastraEffort extends Effort {
  readonly indexName: string
  readonly ef?: number
}

const EFFORTS: readonly MastraEffort[] = [
  { name: 'hnsw, ef 40', indexName: HNSW, ef: 40 },
  { name: 'hnsw, ef 100', indexName: HNSW, ef: 100 },
  { name: 'hnsw', indexName: HNSW },
  { name: 'hnsw, ef 400', indexName: HNSW, ef: 400 },
  { name: 'documented default', indexName: DOCUMENTED, isDefault: true },
]

/** Under which key the metadata have what a scope means. */
const KEYS = { user: 'userId', session: 'sessionId', metadata: 'label', topic: 'topic' } as const

const filterOf = (scope: Scope) => ({ [KEYS[scope.by]]: scopeName(scope) })

export const driver: Driver = {
  name: 'mastra',
  about: '@mastra/pg 1.27.1, PgVector',
  role: 'peer',
  engines: ['server'],
  storage: mastraVectors,
  filters: ['user', 'metadata', 'topic'],
  unavailable: peersMissing,
  async open(database, { connections }) {
    const vectors = await openPgVector(database, connections)
    let effort = EFFORTS[0] as MastraEffort
    const upsert = (rows: readonly Row[]) =>
      vectors.upsert({
        indexName: HNSW,
        vectors: rows.map(({ vector }) => Array.from(vector)),
        metadata: rows.map(metadataOf),
        ids: rows.map(({ id }) => id),
      })
    return {
      efforts: EFFORTS,
      async use(next) {
        effort = next as MastraEffort
      },
      async search({ query, k, scope }) {
        const hits = await vectors.query({
          indexName: effort.indexName,
          queryVector: query.numbers,
          topK: k,
          ...(scope !== undefined && { filter: filterOf(scope) }),
          ...(effort.ef !== undefined && { ef: effort.ef }),
        })
        return hits.map(({ id }) => id)
      },
      async add(row) {
        await upsert([row])
      },
      bulk: [
        {
          name: 'upsert',
          beforeIndex: true,
          async load(rows) {
            for (let i = 0; i < rows.length; i += 500) await upsert(rows.slice(i, i + 500))
          },
        },
      ],
      close: () => vectors.disconnect(),
    }
  },
}
