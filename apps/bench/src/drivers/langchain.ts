import type { Row } from '../dataset/row.js'
import { type Scope, scopeName } from '../dataset/scopes.js'
import { DOCUMENTED, INDEXED, langchainDocuments, openStore } from '../storage/langchain-documents.js'
import type { Driver, Effort } from './driver.js'
import { peersMissing } from './peer-packages.js'

interface LangChainEffort extends Effort {
  readonly tableName: string
  readonly ef?: number
  readonly iterative?: boolean
}

const EFFORTS: readonly LangChainEffort[] = [
  { name: 'hnsw', tableName: INDEXED },
  { name: 'hnsw, iterative scan', tableName: INDEXED, ef: 40, iterative: true, isForFilters: true },
  { name: 'hnsw, ef 100', tableName: INDEXED, ef: 100 },
  { name: 'hnsw, ef 200', tableName: INDEXED, ef: 200 },
  { name: 'hnsw, ef 400', tableName: INDEXED, ef: 400 },
  { name: 'documented default', tableName: DOCUMENTED, isDefault: true },
]

/** Under which key the metadata have what a scope means. */
const KEYS = { user: 'userId', session: 'sessionId', metadata: 'label', topic: 'topic' } as const

const filterOf = (scope: Scope) => ({ [KEYS[scope.by]]: scopeName(scope) })

export const driver: Driver = {
  name: 'langchain',
  about: '@langchain/community 1.1.29, PGVectorStore',
  role: 'peer',
  engines: ['server'],
  storage: langchainDocuments,
  filters: ['user', 'metadata', 'topic'],
  unavailable: peersMissing,
  async open(database, { connections, dimensions }) {
    const open = (effort: Partial<LangChainEffort>) =>
      openStore(database, {
        tableName: effort.tableName ?? INDEXED,
        ...{ connections, dimensions },
        ...(effort.ef !== undefined && { ef: effort.ef }),
        iterative: effort.iterative ?? false,
      })
    let store = await open({})
    const add = (rows: readonly Row[]) =>
      store.addVectors(
        rows.map(({ vector }) => Array.from(vector)),
        rows.map(({ content, metadata, userId }) => ({
          pageContent: content,
          metadata: { ...metadata, userId },
        })),
        { ids: rows.map(({ id }) => id) },
      )
    return {
      efforts: EFFORTS,
      async use(effort) {
        await store.end()
        store = await open(effort as LangChainEffort)
      },
      async search({ query, k, scope }) {
        const filter = scope === undefined ? undefined : filterOf(scope)
        const hits = await store.similaritySearchVectorWithScore(query.numbers, k, filter)
        return hits.map(([{ id }]) => id as string)
      },
      add: (row) => add([row]),
      bulk: [{ name: 'addVectors', beforeIndex: true, load: add }],
      close: () => store.end(),
    }
  },
}
